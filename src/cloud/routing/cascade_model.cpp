#include "cloud/routing/cascade_model.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace parley::cloud {
namespace {

using language::Piece;

/// One answer until it is known whose it is. Nobody is called while the lock is held.
struct Deciding : std::enable_shared_from_this<Deciding> {
  enum class Verdict { open, sure, unsure };

  std::shared_ptr<language::Model> large;
  std::shared_ptr<CascadeCounts> counts;
  language::GenerateRequest request;  ///< as it came
  language::Model::Sink sink;
  double least_logprob = 0;
  int tokens = 0;

  std::mutex mutex;
  core::Job job;  ///< whose turn it is
  bool stopped = false;
  Verdict verdict = Verdict::open;
  std::vector<Piece> held;
  double sum = 0;
  int scored = 0;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way

  void stop() {
    core::Job over;
    std::lock_guard const lock(mutex);
    stopped = true;
    std::swap(over, job);
  }

  /// A job that comes after the decision against its model is given up at once.
  void keep(core::Job started, Verdict of) {
    std::unique_lock lock(mutex);
    if (!stopped && (of == Verdict::unsure || verdict != Verdict::unsure)) std::swap(job, started);
    lock.unlock();
  }

  [[nodiscard]] Verdict judge() {
    if (scored == 0) {
      ++counts->unscored;
      return Verdict::sure;
    }
    bool const sure = sum / scored >= least_logprob;
    ++(sure ? counts->sure : counts->unsure);
    return sure ? Verdict::sure : Verdict::unsure;
  }

  /// The scores were asked for by us alone.
  [[nodiscard]] Piece as_asked(Piece piece) const {
    if (auto* delta = std::get_if<language::Delta>(&piece); delta != nullptr && request.sampling.alternatives < 0) {
      delta->tokens.clear();
    }
    return piece;
  }

  void take(Piece piece) {
    std::unique_lock lock(mutex);
    if (verdict == Verdict::unsure) return;  // of the small one, and late
    if (verdict == Verdict::sure) {
      lock.unlock();
      return sink(as_asked(std::move(piece)));
    }
    if (auto const* delta = std::get_if<language::Delta>(&piece)) {
      for (auto const& token : delta->tokens) sum += token.chosen.logprob;
      scored += static_cast<int>(delta->tokens.size());
      held.push_back(std::move(piece));
      bool const unscored = scored == 0 && static_cast<int>(held.size()) >= tokens;
      if (scored < tokens && !unscored) return;
      verdict = judge();
    } else if (std::holds_alternative<core::Error>(piece)) {
      ++counts->failed;
      verdict = Verdict::unsure;
    } else {
      held.push_back(std::move(piece));
      verdict = judge();
    }
    auto const before = std::exchange(held, {});
    core::Job over;
    if (verdict == Verdict::unsure) std::swap(over, job);
    bool const go_on = !stopped;
    lock.unlock();
    if (verdict == Verdict::sure) {
      for (auto const& one : before) sink(as_asked(one));
      return;
    }
    over.cancel();
    if (!go_on) return;
    auto next = large->generate(request, [self = shared_from_this()](Piece one) { self->sink(std::move(one)); });
    keep(std::move(next), Verdict::unsure);
  }
};

}  // namespace

CascadeModel::CascadeModel(std::shared_ptr<language::Model> small, std::shared_ptr<language::Model> large, double least_logprob,
                           int tokens)
    : small_(std::move(small)), large_(std::move(large)), least_logprob_(least_logprob), tokens_(tokens) {}

core::Job CascadeModel::generate(language::GenerateRequest request, Sink sink) {
  std::stop_source source;
  auto const deciding = std::make_shared<Deciding>();
  deciding->large = large_;
  deciding->counts = counts_;
  deciding->request = std::move(request);
  deciding->sink = std::move(sink);
  deciding->least_logprob = least_logprob_;
  deciding->tokens = tokens_;
  deciding->on_stop.emplace(source.get_token(), [weak = std::weak_ptr<Deciding>(deciding)] {
    if (auto const alive = weak.lock()) alive->stop();
  });
  auto asked = deciding->request;
  asked.sampling.alternatives = std::max(asked.sampling.alternatives, 0);
  deciding->keep(small_->generate(std::move(asked), [deciding](Piece piece) { deciding->take(std::move(piece)); }),
                 Deciding::Verdict::sure);
  return core::Job(std::move(source));
}

core::Job CascadeModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  return small_->prepare(std::move(messages), urgency);
}

core::Job CascadeModel::read_ahead(language::GenerateRequest request) { return small_->read_ahead(std::move(request)); }

}  // namespace parley::cloud
