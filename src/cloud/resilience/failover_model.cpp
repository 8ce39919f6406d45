#include "cloud/resilience/failover_model.hpp"

#include <functional>
#include <map>
#include <optional>
#include <stop_token>

#include "core/utf8.hpp"

namespace parley::cloud {
namespace {

using language::Model;
using language::Speaker;

/// One answer and who writes it. A contestant is a place in `order` that was asked; the first of them to write becomes the
/// writer, and nobody else's pieces pass until it fails. Nobody is called while the lock is held.
struct Answering : std::enable_shared_from_this<Answering> {
  using Lock = std::unique_lock<std::mutex>;

  std::shared_ptr<Providers<Model>> providers;
  std::shared_ptr<FailoverModel::Watch> watch;
  language::GenerateRequest request;
  Model::Sink sink;
  std::vector<std::size_t> order;

  std::mutex mutex;
  std::size_t next = 0;                      ///< of `order`
  std::map<std::size_t, core::Job> running;  ///< the contestants
  std::optional<std::size_t> writer;
  std::string said;
  bool called = false;  ///< a function was asked for: that cannot be taken back, nor continued by another
  bool stopped = false;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way

  void stop() {
    Lock const lock(mutex);
    stopped = true;
    for (auto& [turn, job] : running) job.cancel();
  }

  /// Asks the next in order; the lock is given up.
  void ask(Lock lock) {
    auto const turn = next++;
    running[turn];
    auto asked = request;
    auto const before = said;
    lock.unlock();
    if (!before.empty()) continue_behind(asked, before);
    auto const began = core::Clock::now();
    auto job = (*providers)[order[turn]].provider->generate(
        std::move(asked),
        [self = shared_from_this(), turn, began](language::Piece piece) { self->take(turn, began, std::move(piece)); });
    lock.lock();
    if (stopped) job.cancel();
    // One that has failed meanwhile, or lost, is not kept: its job ends with this function, behind the lock.
    if (auto const at = running.find(turn); at != running.end()) at->second = std::move(job);
    lock.unlock();
  }

  static void continue_behind(language::GenerateRequest& asked, std::string const& before) {
    bool const chinese = core::guess_language(before) == "zh";
    asked.messages.push_back({Speaker::assistant, before});
    asked.messages.push_back(
        {Speaker::user, chinese ? "（你刚才说到一半断了。请从断开的地方接着说，不要重复已经说过的话，也不要提起中断。）"
                                : "(You were cut off. Go on exactly where you stopped, repeat nothing and "
                                  "do not mention the interruption.)"});
  }

  /// The first one is late.
  void hedge() {
    Lock lock(mutex);
    if (writer || stopped || running.empty() || next >= order.size()) return;
    spdlog::info("cloud: {} is late; {} is asked as well", (*providers)[order[next - 1]].name, (*providers)[order[next]].name);
    ask(std::move(lock));
  }

  void take(std::size_t turn, core::Instant began, language::Piece piece) {
    std::map<std::size_t, core::Job> losers;  // given up behind the lock
    Lock lock(mutex);
    if (!running.contains(turn)) return;
    auto const i = order[turn];
    if (auto const* error = std::get_if<core::Error>(&piece)) {
      losers.insert(running.extract(turn));
      providers->failed(i, *error);
      if (!running.empty()) return;  // another one may still write
      writer.reset();
      if (worth_another(error->code) && !called && next < order.size() && !stopped) return ask(std::move(lock));
    } else {
      if (!writer) {
        writer = turn;
        losers.insert(running.extract(turn));
        std::swap(losers, running);
        std::lock_guard const watching(watch->mutex);
        watch->lateness[i].add(core::Clock::now() - began);
      }
      if (auto const* delta = std::get_if<language::Delta>(&piece)) {
        said += delta->text;
      } else if (std::holds_alternative<language::Finish>(piece)) {
        providers->succeeded(i);
      } else {
        called = true;
      }
    }
    lock.unlock();
    losers.clear();
    sink(std::move(piece));
  }
};

}  // namespace

FailoverModel::FailoverModel(std::vector<Providers<language::Model>::Entry> providers, After after)
    : providers_(std::make_shared<Providers<language::Model>>(std::move(providers))),
      watch_(std::make_shared<Watch>()),
      after_(std::move(after)) {
  watch_->lateness.resize(providers_->size());
}

core::Job FailoverModel::generate(language::GenerateRequest request, Sink sink) {
  std::stop_source source;
  auto const answering = std::make_shared<Answering>();
  answering->providers = providers_;
  answering->watch = watch_;
  answering->request = std::move(request);
  answering->sink = std::move(sink);
  answering->order = providers_->order(core::Clock::now());
  answering->on_stop.emplace(source.get_token(), [weak = std::weak_ptr<Answering>(answering)] {
    if (auto const alive = weak.lock()) alive->stop();
  });
  if (after_ && answering->order.size() > 1) {
    core::Duration late{};
    {
      std::lock_guard const lock(watch_->mutex);
      late = watch_->lateness[answering->order.front()].late();
    }
    after_(late, [weak = std::weak_ptr<Answering>(answering)] {
      if (auto const alive = weak.lock()) alive->hedge();
    });
  }
  answering->ask(Answering::Lock(answering->mutex));
  return core::Job(std::move(source));
}

core::Job FailoverModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  return (*providers_)[0].provider->prepare(std::move(messages), urgency);
}

core::Job FailoverModel::read_ahead(language::GenerateRequest request) {
  return (*providers_)[0].provider->read_ahead(std::move(request));
}

}  // namespace parley::cloud
