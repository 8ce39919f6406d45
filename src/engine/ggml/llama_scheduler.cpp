#include "engine/ggml/llama_scheduler.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

namespace parley::engine {

using language::Delta;
using language::Finish;
using language::FinishReason;

namespace {

constexpr std::size_t most_clients = 4096;  // remembered for their turns; beyond, all begin anew
constexpr int steps_an_adapter = 4;         // before another that is wanted has its turn: a change costs some milliseconds
constexpr std::size_t many = 4;             // wait for their first token
constexpr auto company_lasts = std::chrono::seconds(5);  // after the last request of somebody else
constexpr auto call_is_over = std::chrono::seconds(5);   // after its last step

}  // namespace

core::Result<void> LlamaScheduler::submit(Request request) {
  auto const urgency = request->urgency;
  std::vector<Request> cancelled;  // die outside the lock, with whatever their sinks hold
  std::lock_guard lock(mutex_);
  std::size_t ahead = 0, own = 0;
  for (Level& each : levels_) {
    auto const gone = std::ranges::stable_partition(each.waiting, [](auto const& r) { return !r->stop.stop_requested(); });
    cancelled.insert(cancelled.end(), std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
    each.waiting.erase(gone.begin(), gone.end());
    ahead += each.waiting.size();
    own += static_cast<std::size_t>(
        std::ranges::count(each.waiting, request->client, [](auto const& r) -> auto const& { return r->client; }));
  }
  // Who has nothing waiting is not kept out by somebody who fills the queue.
  bool const modest = own == 0 && !request->client.empty() && ahead < 2 * options_.queue;
  if (ahead >= options_.queue && !modest) {
    auto const wait = expected_wait(ahead);
    return std::unexpected(
        core::Error{core::Code::busy, "the language model has too many requests waiting; try again later", {}, wait});
  }
  came_ = {request->came, came_[0]};
  Level& line = level(urgency);
  line.waiting.push_back(std::move(request));
  if (!line.pumping) {
    line.pumping = true;
    line.job = arbiter_.submit(urgency, [self = shared_from_this(), urgency](std::stop_token) { return self->step(urgency); });
  }
  return {};
}

std::chrono::milliseconds LlamaScheduler::expected_wait(std::size_t ahead) const {
  double const rounds = static_cast<double>(ahead) / options_.sequences + 1;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(static_cast<std::int64_t>(service_ms_ * rounds / 2), 250, 60'000));
}

Step LlamaScheduler::step(core::Urgency urgency) {
  drop_cancelled();
  admit(urgency);
  auto const chosen = choose(urgency);
  if (chosen.empty()) {
    std::lock_guard lock(mutex_);
    Level& own = level(urgency);
    if (!own.waiting.empty()) return Step::again;
    own.pumping = false;
    return Step::done;
  }
  auto const parts = context_->compute(chosen, pace(urgency));
  if (parts.empty()) {
    fail(urgency, adapter_);
    return Step::again;
  }
  for (auto const& part : parts) take(part);
  std::erase_if(live_, [](auto const& request) { return request->sequence < 0; });
  return Step::again;
}

/// Those of one adapter, as a step computes with one: the one before for some steps, then the next that is wanted.
std::vector<LlamaRequest*> LlamaScheduler::choose(core::Urgency urgency) {
  std::vector<LlamaRequest*> chosen;
  for (auto const& request : live_) {
    if (request->urgency == urgency) chosen.push_back(request.get());
  }
  if (chosen.empty()) return chosen;
  auto const turn = [&](LlamaRequest const* request) {  // how far round from the one before
    bool const same = request->adapter == adapter_;
    if (same) return steps_with_it_ < steps_an_adapter ? -1 : std::numeric_limits<int>::max();
    return request->adapter > adapter_ ? request->adapter : request->adapter + std::numeric_limits<int>::max() / 2;
  };
  int const next = (*std::ranges::min_element(chosen, {}, turn))->adapter;
  steps_with_it_ = next == adapter_ && steps_with_it_ < steps_an_adapter ? steps_with_it_ + 1 : 1;
  adapter_ = next;
  std::erase_if(chosen, [next](LlamaRequest const* request) { return request->adapter != next; });
  return chosen;
}

LlamaContext::Pace LlamaScheduler::pace(core::Urgency urgency) {
  using enum LlamaContext::Pace;
  if (urgency <= core::Urgency::final_transcript) return in_call;
  std::uint64_t steps = 0;
  auto const load = arbiter_.load();
  for (std::size_t i = 0; i < static_cast<std::size_t>(core::Urgency::text); ++i) steps += load.levels[i].steps;
  auto const now = core::Clock::now();
  if (steps != std::exchange(call_steps_, steps)) call_heard_ = now;
  if (now - call_heard_ < call_is_over) return beside_call;
  auto const reading = std::ranges::count_if(live_, [](auto const& r) { return r->answers() && r->unread() > 1; });
  std::lock_guard lock(mutex_);
  auto const waiting = level(urgency).waiting.size();
  if (static_cast<std::size_t>(reading) + waiting >= many) return undisturbed;
  auto const other_came = came_[live_.front()->came == came_[0] ? 1 : 0];
  return live_.size() == 1 && waiting == 0 && now - other_came > company_lasts ? undisturbed : in_company;
}

void LlamaScheduler::drop_cancelled() {
  for (auto const& request : live_) {
    if (request->stop.stop_requested()) context_->release(*request);
  }
  std::erase_if(live_, [](auto const& request) { return request->sequence < 0; });
}

bool LlamaScheduler::room_for(LlamaRequest const& request) const {
  std::size_t used = request.room;
  for (auto const& other : live_) used += other->room;
  return live_.size() < static_cast<std::size_t>(options_.sequences) && used <= static_cast<std::size_t>(options_.total_tokens);
}

/// Clients take turns: first whose requests occupy the fewest places, then whose last turn was longest ago, then who came
/// first.
LlamaScheduler::Request LlamaScheduler::next(core::Urgency urgency) {
  std::vector<Request> cancelled;  // die outside the lock
  std::lock_guard lock(mutex_);
  auto& waiting = level(urgency).waiting;
  auto const gone = std::ranges::stable_partition(waiting, [](auto const& r) { return !r->stop.stop_requested(); });
  cancelled.assign(std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
  waiting.erase(gone.begin(), gone.end());
  if (waiting.empty()) return nullptr;
  auto const turn = [this](Request const& request) {
    auto const places = std::ranges::count(live_, request->client, [](auto const& r) -> auto const& { return r->client; });
    auto const last = last_turn_.find(request->client);
    return std::tuple(places, last == last_turn_.end() ? std::uint64_t{0} : last->second, request->came);
  };
  auto const first = std::ranges::min_element(waiting, {}, turn);
  Request request = std::move(*first);
  waiting.erase(first);
  return request;
}

void LlamaScheduler::put_back(std::vector<Request> requests) {
  std::lock_guard lock(mutex_);
  for (auto& request : requests) {
    auto& waiting = level(request->urgency).waiting;
    waiting.push_front(std::move(request));
  }
}

/// Somebody is reading a beginning that this request has too, and is not past it: those who come together with one new prompt
/// wait until it has been read once and then share it.
bool LlamaScheduler::is_being_read(LlamaRequest const& request) const {
  // Tokens; fewer are read in one step. In a call the transcript is read for its end first, then by the answer.
  std::size_t const worth_waiting = request.urgency == core::Urgency::first_sound ? 4 : 32;
  std::size_t const known = context_->known(request);
  return std::ranges::any_of(live_, [&](auto const& other) {
    if (other->adapter != request.adapter || other->urgency > request.urgency || other->read >= other->prompt_size)
      return false;
    auto const common =
        static_cast<std::size_t>(std::ranges::mismatch(other->tokens, request.tokens).in1 - other->tokens.begin());
    return common > other->read && common >= known + worth_waiting;
  });
}

void LlamaScheduler::admit(core::Urgency urgency) {
  std::vector<Request> later;
  while (Request request = next(urgency)) {
    if (is_being_read(*request)) {
      later.push_back(std::move(request));
      continue;
    }
    bool room = room_for(*request);
    while (!room && make_way(urgency)) room = room_for(*request);
    bool const first_time = request->written() == 0 && request->usage.prompt_tokens == 0;
    if (!room || !context_->admit(*request)) {
      later.push_back(std::move(request));
      break;
    }
    if (first_time) {
      request->begun = core::Clock::now();
      request->usage.prompt_tokens = static_cast<int>(request->prompt_size);
      request->usage.cached_tokens = static_cast<int>(request->read);
      if (last_turn_.size() > most_clients) last_turn_.clear();
      last_turn_[request->client] = ++turns_;
    }
    if (request->unread() == 0) {  // a preparation that finds everything done
      context_->release(*request);
      continue;
    }
    live_.push_back(std::move(request));
  }
  put_back(std::move(later));
}

/// Sets back the least urgent request that is less urgent than this, the youngest of them. What it has read and written stays
/// in the cache as long as there is room, so it goes on where it was.
bool LlamaScheduler::make_way(core::Urgency urgency) {
  auto const victim = std::ranges::max_element(live_, [](auto const& a, auto const& b) {
    return a->urgency != b->urgency ? a->urgency < b->urgency : a->came < b->came;
  });
  if (victim == live_.end() || (*victim)->urgency <= urgency) return false;
  context_->release(**victim);
  Request request = std::move(*victim);
  live_.erase(victim);
  std::lock_guard lock(mutex_);
  auto& waiting = level(request->urgency).waiting;  // its level is still being pumped: it was live
  waiting.push_front(std::move(request));
  return true;
}

void LlamaScheduler::take(LlamaContext::Part const& part) {
  LlamaRequest& request = *part.request;
  if (!request.answers()) {
    if (request.unread() == 0) end(request);
    return;
  }
  if (part.row < 0) return;
  for (auto const& drawn : context_->draw(part)) {
    if (!write(request, drawn)) return;
  }
}

/// False when the answer ended with it.
bool LlamaScheduler::write(LlamaRequest& request, DrawnToken const& drawn) {
  if (weights_->ends_generation(drawn.token)) return finish(request, FinishReason::stop), false;
  request.tokens.push_back(drawn.token);
  ++request.usage.completion_tokens;
  std::string text = request.gate.push(weights_->bytes_of(drawn.token));
  if (request.alternatives >= 0) request.untold.push_back(score_of(drawn));
  if (!text.empty() && !request.stop.stop_requested()) {
    request.sink(Delta{std::move(text), std::exchange(request.untold, {})});
  }
  if (request.gate.stopped()) return finish(request, FinishReason::stop), false;
  if (request.written() >= request.max_tokens) return finish(request, FinishReason::length), false;
  return true;
}

language::TokenScore LlamaScheduler::score_of(DrawnToken const& drawn) const {
  language::TokenScore score{{weights_->bytes_of(drawn.token), drawn.logprob}, {}};
  for (auto const& [token, logprob] : drawn.likeliest) score.likeliest.push_back({weights_->bytes_of(token), logprob});
  return score;
}

void LlamaScheduler::finish(LlamaRequest& request, FinishReason reason) {
  std::string rest = request.gate.finish();
  end(request);
  if (request.stop.stop_requested()) return;
  if (!rest.empty()) request.sink(Delta{std::move(rest), std::exchange(request.untold, {})});
  request.sink(Finish{reason, request.usage});
}

void LlamaScheduler::end(LlamaRequest& request) {
  context_->release(request);
  if (!request.answers()) return;
  std::chrono::duration<double, std::milli> const took = core::Clock::now() - request.begun;
  std::lock_guard lock(mutex_);
  service_ms_ = 0.8 * service_ms_ + 0.2 * took.count();
}

void LlamaScheduler::fail(core::Urgency urgency, int adapter) {
  std::vector<Request> failed;
  for (auto& request : live_) {
    if (request->urgency == urgency && request->adapter == adapter) failed.push_back(std::move(request));
  }
  std::erase(live_, nullptr);
  for (auto const& request : failed) {
    context_->release(*request);
    if (request->answers() && !request->stop.stop_requested()) {
      request->sink(core::Error{core::Code::internal, "the language model could not compute; see the log", {}, {}});
    }
  }
}

}  // namespace parley::engine
