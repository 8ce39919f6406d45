#include "app/model_shelf.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "core/log.hpp"

namespace parley::app {
namespace {

/// A request that waits for its model.
struct Waiting {
  language::GenerateRequest request;
  language::Model::Sink sink;
  std::stop_source stop;
};

/// Ties the job that its model gave it to the one that was given out before. Lives as long as the sink it is in.
struct Tie {
  core::Job job;
  std::optional<std::stop_callback<std::function<void()>>> cancelled;
};

void begin(language::Model& model, Waiting waiting) {
  if (waiting.stop.stop_requested()) return;
  auto const tie = std::make_shared<Tie>();
  tie->job = model.generate(std::move(waiting.request),
                            [tie, sink = std::move(waiting.sink)](language::Piece piece) { sink(std::move(piece)); });
  tie->cancelled.emplace(waiting.stop.get_token(), [job = &tie->job] { job->cancel(); });
}

void refuse(std::vector<Waiting> const& waiting, core::Error const& error) {
  for (auto const& each : waiting) {
    if (!each.stop.stop_requested()) each.sink(error);
  }
}

core::Error no_longer_here() { return {core::Code::unavailable, "the server is ending", {}, {}}; }

}  // namespace

class ModelShelf::Books {
 public:
  Books(std::vector<std::string> const& names, Load load) : load_(std::move(load)) {
    for (auto const& name : names) slots_[name];
    thread_ = std::jthread([this](std::stop_token stopping) { run(std::move(stopping)); });
  }

  void close() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    std::vector<Waiting> left;
    std::vector<Model> models;
    std::unique_lock lock(mutex_);
    closed_ = true;
    for (auto& [name, slot] : slots_) {
      std::ranges::move(slot.waiting, std::back_inserter(left));
      slot.waiting.clear();
      models.push_back(std::exchange(slot.model, nullptr));
    }
    lock.unlock();
    refuse(left, no_longer_here());
  }

  [[nodiscard]] bool knows(std::string const& name) const { return slots_.contains(name); }

  [[nodiscard]] State state(std::string const& name) {
    std::lock_guard const lock(mutex_);
    auto const slot = slots_.find(name);
    if (slot == slots_.end()) return State::away;
    return slot->second.model ? State::loaded : slot->second.wanted ? State::loading : State::away;
  }

  void want(std::string const& name) {
    std::lock_guard const lock(mutex_);
    auto const slot = slots_.find(name);
    if (slot == slots_.end() || slot->second.model || closed_) return;
    slot->second.wanted = true;
    wake_.notify_all();
  }

  void put_away(std::string const& name) {
    Model gone;  // ends outside the lock
    std::lock_guard const lock(mutex_);
    if (auto const slot = slots_.find(name); slot != slots_.end()) gone = std::exchange(slot->second.model, nullptr);
  }

  /// The model if it is loaded.
  [[nodiscard]] Model use(std::string const& name) {
    std::lock_guard const lock(mutex_);
    auto& slot = slots_.at(name);
    slot.used = ++now_;
    return slot.model;
  }

  /// False, and the request is left as it was, when the model is there by now.
  [[nodiscard]] core::Result<bool> wait(std::string const& name, Waiting& waiting) {
    std::lock_guard const lock(mutex_);
    auto& slot = slots_.at(name);
    if (closed_) return std::unexpected(no_longer_here());
    if (slot.model) return false;
    std::erase_if(slot.waiting, [](auto const& each) { return each.stop.stop_requested(); });
    if (slot.waiting.size() >= most_waiting) {
      return std::unexpected(core::Error{
          core::Code::busy, "this model is being loaded and many wait for it; come again later", {}, std::chrono::seconds(2)});
    }
    slot.waiting.push_back(std::move(waiting));
    slot.wanted = true;
    wake_.notify_all();
    return true;
  }

 private:
  struct Slot {
    Model model;
    bool wanted = false;
    std::vector<Waiting> waiting;
    std::uint64_t used = 0;  ///< when last
  };

  void run(std::stop_token stopping) {
    std::unique_lock lock(mutex_);
    for (;;) {
      auto const next = [this] { return std::ranges::find_if(slots_, [](auto const& each) { return each.second.wanted; }); };
      if (!wake_.wait(lock, stopping, [&] { return next() != slots_.end(); })) return;
      auto const name = next()->first;
      lock.unlock();
      auto made = load_(name, [&] { return make_room(name); });
      if (!made) spdlog::warn("{} was not loaded: {}", name, core::describe(made.error()));
      lock.lock();
      Slot& slot = slots_.at(name);
      slot.wanted = false;
      if (made) slot.model = *made;
      auto waiting = std::exchange(slot.waiting, {});
      lock.unlock();
      if (made) {
        for (auto& each : waiting) begin(**made, std::move(each));
      } else {
        refuse(waiting, made.error());
      }
      waiting.clear();
      lock.lock();
    }
  }

  bool make_room(std::string const& name) {
    Model gone;
    std::lock_guard const lock(mutex_);
    Slot* oldest = nullptr;
    for (auto& [other, slot] : slots_) {
      if (other != name && slot.model && (oldest == nullptr || slot.used < oldest->used)) oldest = &slot;
    }
    if (oldest == nullptr) return false;
    gone = std::exchange(oldest->model, nullptr);
    return true;
  }

  Load load_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::string, Slot> slots_;  // its names never change
  std::uint64_t now_ = 0;
  bool closed_ = false;
  std::jthread thread_;  // last: it uses everything above
};

class ModelShelf::Handle final : public language::Model {
 public:
  Handle(std::string name, std::shared_ptr<Books> books) : name_(std::move(name)), books_(std::move(books)) {}

  [[nodiscard]] std::string name() const override { return name_; }

  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override {
    if (auto const model = books_->use(name_)) return model->generate(std::move(request), std::move(sink));
    Waiting waiting{std::move(request), std::move(sink), {}};
    core::Job job(waiting.stop);
    auto const waits = books_->wait(name_, waiting);
    if (!waits) {
      waiting.sink(waits.error());
    } else if (!*waits) {
      return generate(std::move(waiting.request), std::move(waiting.sink));
    }
    return job;
  }

  /// Only what is loaded reads ahead: nobody waits for it.
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override {
    auto const model = books_->use(name_);
    return model ? model->prepare(std::move(messages), urgency) : core::Job();
  }
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override {
    auto const model = books_->use(name_);
    return model ? model->read_ahead(std::move(request)) : core::Job();
  }

 private:
  std::string name_;
  std::shared_ptr<Books> books_;
};

ModelShelf::ModelShelf(std::vector<std::string> const& names, Load load)
    : books_(std::make_shared<Books>(names, std::move(load))) {}
ModelShelf::~ModelShelf() { books_->close(); }

ModelShelf::Model ModelShelf::find(std::string const& name) const {
  return books_->knows(name) ? std::make_shared<Handle>(name, books_) : nullptr;
}
ModelShelf::State ModelShelf::state(std::string const& name) const { return books_->state(name); }
void ModelShelf::load(std::string const& name) { books_->want(name); }
void ModelShelf::unload(std::string const& name) { books_->put_away(name); }

std::string_view name_of(ModelShelf::State state) noexcept {
  switch (state) {
    case ModelShelf::State::away: return "not loaded";
    case ModelShelf::State::loading: return "loading";
    case ModelShelf::State::loaded: break;
  }
  return "loaded";
}

}  // namespace parley::app
