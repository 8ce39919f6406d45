#include "cloud/routing/metered_model.hpp"

#include "core/utf8.hpp"

namespace parley::cloud {

Meter::Meter(ModelLimits limits, TokenPrice price, Day day) : limits_(limits), price_(price), day_(std::move(day)) {}

bool Meter::full() const {
  std::lock_guard const lock(mutex_);
  return limits_.at_once > 0 && running_ >= limits_.at_once;
}

bool Meter::spent() const { return limits_.daily_cost > 0 && cost_today() >= limits_.daily_cost; }

int Meter::running() const {
  std::lock_guard const lock(mutex_);
  return running_;
}

double Meter::cost_today() const {
  std::lock_guard const lock(mutex_);
  return paid_on_ == day_() ? paid_ : 0;
}

double Meter::cost_of(language::Usage const& usage) const {
  return (price_.prompt * (usage.prompt_tokens - usage.cached_tokens) + price_.cached * usage.cached_tokens +
          price_.completion * usage.completion_tokens) /
         1000;
}

void Meter::pay(double cost) {
  std::lock_guard const lock(mutex_);
  if (auto const now = day_(); now != paid_on_) {
    paid_on_ = now;
    paid_ = 0;
  }
  paid_ += cost;
}

Meter::Request::Request(std::shared_ptr<Meter> meter, std::size_t characters) : meter_(std::move(meter)) {
  reckoned_.prompt_tokens = static_cast<int>((characters + 1) / 2);
  std::lock_guard const lock(meter_->mutex_);
  ++meter_->running_;
}

Meter::Request::~Request() {
  if (!paid_ && began_) meter_->pay(meter_->cost_of(reckoned_));
  std::lock_guard const lock(meter_->mutex_);
  --meter_->running_;
}

void Meter::Request::saw(language::Piece const& piece) {
  if (auto const* finish = std::get_if<language::Finish>(&piece)) {
    meter_->pay(meter_->cost_of(finish->usage));
    paid_ = true;
  } else if (!std::holds_alternative<core::Error>(piece)) {
    began_ = true;
    ++reckoned_.completion_tokens;
  }
}

MeteredModel::MeteredModel(std::shared_ptr<language::Model> inner, std::shared_ptr<Meter> meter)
    : inner_(std::move(inner)), meter_(std::move(meter)) {}

core::Job MeteredModel::generate(language::GenerateRequest request, Sink sink) {
  std::size_t characters = 0;
  for (auto const& message : request.messages) characters += core::count_code_points(message.text);
  // The sink keeps it: it ends when whoever answers lets go of the sink.
  auto metered = std::make_shared<Meter::Request>(meter_, characters);
  return inner_->generate(std::move(request), [metered = std::move(metered), sink = std::move(sink)](language::Piece piece) {
    metered->saw(piece);
    sink(std::move(piece));
  });
}

core::Job MeteredModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  return inner_->prepare(std::move(messages), urgency);
}

core::Job MeteredModel::read_ahead(language::GenerateRequest request) { return inner_->read_ahead(std::move(request)); }

}  // namespace parley::cloud
