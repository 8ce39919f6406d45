#include "cloud/resilience/failover_recogniser.hpp"

#include <optional>

namespace parley::cloud {
namespace {

using speech::UtteranceRecogniser;

constexpr std::size_t most_kept =
    60 * static_cast<std::size_t>(audio::heard_hz);  // samples; what came before is lost to the next

/// One utterance. The lock is held while a recogniser is told something, and a recogniser may answer from within: so it is one
/// that its own thread may take again. `sink` only hands on.
struct Utterance : std::enable_shared_from_this<Utterance> {
  std::shared_ptr<FailoverRecogniser::List> providers;
  speech::RecogniserOptions options;
  speech::Recogniser::Sink sink;
  std::vector<std::size_t> order;

  std::recursive_mutex mutex;
  std::size_t at = 0;
  audio::Samples heard;
  std::uint64_t revision = 0;
  core::Urgency urgency{};
  bool asked = false, closed = false;
  std::vector<std::unique_ptr<UtteranceRecogniser>> engines;  // those that failed stay until the end: they may be calling us

  void open() {
    auto const mine = at;
    engines.push_back((*providers)[order[at]].provider->open(
        options, [weak = weak_from_this(), mine](core::Result<speech::Transcript> result) {
          if (auto const self = weak.lock()) self->take(mine, std::move(result));
        }));
    if (engines.empty() || at != mine) return;
    if (!heard.empty()) engines.back()->push(heard);
    if (asked) engines.back()->transcribe(revision, urgency);
  }
  void push(std::span<float const> samples) {
    std::lock_guard const lock(mutex);
    if (at + 1 < order.size()) {  // somebody may have to be told
      if (heard.size() + samples.size() > most_kept) heard.erase(heard.begin(), heard.begin() + audio::heard_hz * 10);
      heard.insert(heard.end(), samples.begin(), samples.end());
    }
    engines.back()->push(samples);
  }
  void transcribe(std::uint64_t wanted, core::Urgency how_urgent) {
    std::lock_guard const lock(mutex);
    revision = wanted;
    urgency = how_urgent;
    asked = true;
    engines.back()->transcribe(wanted, how_urgent);
  }
  void take(std::size_t from, core::Result<speech::Transcript> result) {
    std::lock_guard const lock(mutex);
    if (closed || from != at) return;
    if (result) {
      if (result->revision == revision) asked = false;
      providers->succeeded(order[at]);
    } else {
      providers->failed(order[at], result.error());
      if (worth_another(result.error().code) && at + 1 < order.size()) {
        ++at;
        return open();
      }
      asked = false;
    }
    sink(std::move(result));
  }
};

class Handle final : public UtteranceRecogniser {
 public:
  explicit Handle(std::shared_ptr<Utterance> utterance) : utterance_(std::move(utterance)) {}
  ~Handle() override {
    std::vector<std::unique_ptr<UtteranceRecogniser>> engines;
    {
      std::lock_guard const lock(utterance_->mutex);
      utterance_->closed = true;
      engines = std::move(utterance_->engines);
      utterance_->engines.clear();
    }
  }
  Handle(Handle const&) = delete;
  Handle& operator=(Handle const&) = delete;
  void push(std::span<float const> samples) override { utterance_->push(samples); }
  void transcribe(std::uint64_t revision, core::Urgency urgency) override { utterance_->transcribe(revision, urgency); }

 private:
  std::shared_ptr<Utterance> utterance_;
};

}  // namespace

std::unique_ptr<UtteranceRecogniser> FailoverRecogniser::open(speech::RecogniserOptions options, Sink sink) const {
  auto utterance = std::make_shared<Utterance>();
  utterance->providers = providers_;
  utterance->options = std::move(options);
  utterance->sink = std::move(sink);
  utterance->order = providers_->order(core::Clock::now());
  {
    std::lock_guard const lock(utterance->mutex);
    utterance->open();
  }
  return std::make_unique<Handle>(std::move(utterance));
}

}  // namespace parley::cloud
