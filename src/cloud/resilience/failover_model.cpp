#include "cloud/resilience/failover_model.hpp"

#include <functional>
#include <optional>
#include <stop_token>

#include "core/utf8.hpp"

namespace parley::cloud {
namespace {

using language::Model;
using language::Speaker;

/// One answer and who writes it. Pieces of one provider come in order and the next begins when the one before has failed, so
/// that nothing here is touched by two threads at once but the job.
struct Answering : std::enable_shared_from_this<Answering> {
  std::shared_ptr<Providers<Model>> providers;
  language::GenerateRequest request;
  Model::Sink sink;
  std::vector<std::size_t> order;
  std::size_t at = 0;
  std::string said;
  bool called = false;  ///< a function was asked for: that cannot be taken back, nor continued by another
  CurrentJob job;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way

  void ask() {
    auto asked = request;
    if (!said.empty()) {
      bool const chinese = core::guess_language(said) == "zh";
      asked.messages.push_back({Speaker::assistant, said});
      asked.messages.push_back(
          {Speaker::user, chinese ? "（你刚才说到一半断了。请从断开的地方接着说，不要重复已经说过的话，也不要提起中断。）"
                                  : "(You were cut off. Go on exactly where you stopped, repeat nothing and "
                                    "do not mention the interruption.)"});
    }
    auto const turn = at;
    auto const i = order[turn];
    job.set(turn, (*providers)[i].provider->generate(std::move(asked), [self = shared_from_this(), i](language::Piece piece) {
      self->take(i, std::move(piece));
    }));
  }
  void take(std::size_t i, language::Piece piece) {
    if (order[at] != i) return;  // of a provider that has failed
    if (auto const* delta = std::get_if<language::Delta>(&piece)) {
      said += delta->text;
    } else if (auto const* error = std::get_if<core::Error>(&piece)) {
      providers->failed(i, *error);
      if (worth_another(error->code) && !called && at + 1 < order.size() && !job.stopped()) {
        ++at;
        return ask();
      }
    } else if (std::holds_alternative<language::Finish>(piece)) {
      providers->succeeded(i);
    } else {
      called = true;
    }
    sink(std::move(piece));
  }
};

}  // namespace

core::Job FailoverModel::generate(language::GenerateRequest request, Sink sink) {
  std::stop_source source;
  auto const answering = std::make_shared<Answering>();
  answering->providers = providers_;
  answering->request = std::move(request);
  answering->sink = std::move(sink);
  answering->order = providers_->order(core::Clock::now());
  answering->on_stop.emplace(source.get_token(), [weak = std::weak_ptr<Answering>(answering)] {
    if (auto const alive = weak.lock()) alive->job.stop();
  });
  answering->ask();
  return core::Job(std::move(source));
}

core::Job FailoverModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  return (*providers_)[0].provider->prepare(std::move(messages), urgency);
}

}  // namespace parley::cloud
