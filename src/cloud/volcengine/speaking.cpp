#include "cloud/volcengine/speaking.hpp"

#include <algorithm>

#include "cloud/volcengine/event.hpp"

namespace parley::cloud::volcengine {
namespace {

using core::Code;
using std::chrono::milliseconds;

constexpr std::size_t most_waiting = 512;  // clauses without a connection
constexpr milliseconds tick_length{50};
constexpr milliseconds cancel_patience{1'000};
constexpr milliseconds drain_patience{3'000};

}  // namespace

void Speaking::begin(ClauseAt const& clause) {
  if (closed_ || clause->stopped) return;
  if (waiting_.size() >= most_waiting) {
    return clause->sink(std::unexpected(
        core::Error{Code::busy, "too many clauses wait for the synthesiser's service", options.service, milliseconds(1000)}));
  }
  clause->until = core::Clock::now() + options.first_sound_within;
  waiting_.push_back(clause);
  dispatch();
  keep_ticking();
}

/// Clauses to idle lines; lines for the clauses that are left.
void Speaking::dispatch() {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    auto const clause = *at;
    auto const idle = std::ranges::find_if(
        lines_, [&](LineAt const& line) { return line->state == Line::State::idle && line->resource == clause->resource; });
    if (idle == lines_.end()) {
      ++at;
      continue;
    }
    at = waiting_.erase(at);
    start(*idle, clause);
  }
  std::map<std::string, int> needed;
  for (auto const& clause : waiting_) ++needed[clause->resource];
  for (auto& [resource, count] : needed) {
    auto const of = [&](auto&& which) {
      return static_cast<int>(
          std::ranges::count_if(lines_, [&](LineAt const& line) { return line->resource == resource && which(*line); }));
    };
    int const opening = of([](Line const& line) { return line.state == Line::State::opening; });
    int const all = of([](Line const&) { return true; });
    for (int i = opening, open = all; i < count && open < options.connections; ++i, ++open) open_line(resource);
  }
}

void Speaking::open_line(std::string const& resource) {
  auto const line = std::make_shared<Line>();
  line->resource = resource;
  line->since = core::Clock::now();
  lines_.push_back(line);
  ++opened;
  net::WebSocket::Options wanted;
  wanted.address = options.address;
  wanted.headers = headers_for(resource);
  wanted.open_within = options.open_within;
  auto const at = [weak = weak_from_this(), weak_line = std::weak_ptr<Line>(line)](auto&& then) {
    auto const self = std::static_pointer_cast<Speaking>(weak.lock());
    auto const alive = weak_line.lock();
    if (self && alive && !self->closed_) then(*self, alive);
  };
  line->socket = net::WebSocket::open(
      network_, strand_, std::move(wanted),
      {[at](std::string const& log_id) {
         at([&](Speaking& self, LineAt const& l) {
           l->log_id = log_id;
           if (greets(self.dialect)) return;
           rest(*l);
           self.dispatch();
         });
       },
       [at](std::string_view bytes, bool text) { at([&](Speaking& self, LineAt const& l) { self.take(l, bytes, text); }); },
       [at](net::WebSocket::Ended const& how) { at([&](Speaking& self, LineAt const& l) { self.ended(l, how); }); }});
  if (greets(dialect)) line->socket->send(encode(start_connection()));
}

void Speaking::start(LineAt const& line, ClauseAt const& clause) {
  ++sessions;
  ++clause->attempts;
  clause->session = uuid();
  line->session = clause->session;
  line->clause = clause;
  line->state = Line::State::starting;
  line->since = core::Clock::now();
  last_used_[line->resource] = line->since;
  line->socket->send(encode(opening(dialect, clause->session, clause->request, clause->text)));
  if (greets(dialect)) return;  // the text follows when the session has started
  line->state = Line::State::speaking;
  book(*clause, line->log_id);
}

void Speaking::take(LineAt const& line, std::string_view bytes, bool text) {
  using State = Line::State;
  auto frame = text ? core::fail(Code::unavailable, "an abnormal text") : decode(bytes);
  if (!frame) return lost(line, {Reaction::reopen, Code::unavailable, "the synthesiser's service sends what is no frame"}, 0);
  if (frame->type == MessageType::error) {
    return lost(line, verdict(frame->code, read_said(frame->payload).message), frame->code);
  }
  auto const heard = understand(dialect, *frame, line->session);
  if (heard.refused) return lost(line, verdict(heard.refused->code, heard.refused->message), heard.refused->code);
  if (heard.connected) {
    if (line->state == State::opening) rest(*line);
    return dispatch();
  }
  if (heard.started && line->state == State::starting) started(*line);
  if (!heard.sound.empty() && line->state == State::speaking && line->clause) sound(*line->clause, heard.sound);
  if (heard.over && line->state != State::opening && line->state != State::idle) finished(line, *heard.over);
}

void Speaking::started(Line& line) {
  if (!line.clause || line.clause->stopped) {
    line.socket->send(encode(session_event(event::cancel_session, line.session)));
    line.state = Line::State::cancelling;
    line.since = core::Clock::now();
    return;
  }
  line.state = Line::State::speaking;
  line.socket->send(encode(task(line.session, line.clause->text)));
  line.socket->send(encode(session_event(event::finish_session, line.session)));
  book(*line.clause, line.log_id);
}

void Speaking::finished(LineAt const& line, Said const& said) {
  auto const clause = std::exchange(line->clause, nullptr);
  auto const log_id = line->log_id;
  if (serves_many(dialect)) {
    rest(*line);
  } else {
    remove(line);
  }
  if (clause && !clause->stopped) over(clause, said, log_id);
  dispatch();
}

void Speaking::rest(Line& line) {
  line.state = Line::State::idle;
  line.since = core::Clock::now();
  line.clause.reset();
  line.session.clear();
}

void Speaking::ended(LineAt const& line, net::WebSocket::Ended const& how) {
  if (how.http_status != 0) {
    auto const said = read_said(how.body);
    return lost(line, refused(how.http_status, said), said.code);
  }
  lost(line, {Reaction::reopen, how.error.code, how.error.message.c_str()}, 0);
}

/// The connection is of no use any more. What waits for one when none can be opened fails with it.
void Speaking::lost(LineAt const& line, Verdict const& why, std::uint32_t code) {
  auto const clause = std::exchange(line->clause, nullptr);
  bool const opening = line->state == Line::State::opening;
  auto const log_id = line->log_id;
  auto const resource = line->resource;
  remove(line);
  if (clause && !clause->stopped) failed(clause, why, code, log_id);
  if (opening) {
    last_used_.erase(resource);  // nothing is held ready where nothing can be opened
    auto const other = std::ranges::any_of(
        lines_, [&](LineAt const& l) { return l->resource == resource && l->state != Line::State::opening; });
    if (!other) {
      std::deque<ClauseAt> hopeless;
      std::erase_if(waiting_, [&](auto const& c) {
        if (c->resource == resource) hopeless.push_back(c);
        return c->resource == resource;
      });
      for (auto const& c : hopeless) {
        ++c->attempts;
        failed(c, why, code, log_id);
      }
    }
  }
  dispatch();
}

void Speaking::again(ClauseAt const& clause) {
  waiting_.push_front(clause);
  dispatch();
  keep_ticking();
}

void Speaking::stop(ClauseAt const& clause) {
  if (std::exchange(clause->stopped, true)) return;
  clause->on_stop.reset();
  if (std::erase(waiting_, clause) != 0) return;
  auto const at = std::ranges::find(lines_, clause, [](LineAt const& line) { return line->clause; });
  if (at == lines_.end()) return;
  ++cancelled;
  auto const line = *at;
  line->clause.reset();
  line->since = core::Clock::now();
  if (line->state != Line::State::speaking) return;
  line->state = Line::State::draining;
  if (serves_many(dialect)) return;
  remove(line);
  dispatch();
}

void Speaking::warm(std::string const& resource) {
  if (closed_) return;
  last_used_[resource] = core::Clock::now();
  if (std::ranges::none_of(lines_, [&](LineAt const& line) { return line->resource == resource; })) open_line(resource);
  keep_ticking();
}

void Speaking::keep_ticking() {
  if (std::exchange(ticking_, true)) return;
  tick();
}

/// Looks at every deadline; stops by itself when there is nothing left to look at.
void Speaking::tick() {
  auto const now = core::Clock::now();
  std::vector<LineAt> late;
  for (auto const& line : lines_) {
    using State = Line::State;
    auto const length = now - line->since;
    bool const over = (line->state == State::idle && length > options.idle_for) ||
                      (line->state == State::opening && length > options.open_within) ||
                      (line->state == State::cancelling && length > cancel_patience) ||
                      (line->state == State::draining && length > drain_patience) ||
                      (line->state == State::starting && !line->clause && length > cancel_patience) ||
                      (line->clause && now > line->clause->until);
    if (over) late.push_back(line);
  }
  for (auto const& line : late) {
    lost(line, {Reaction::elsewhere, Code::deadline, "the synthesiser's service took too long"}, 0);
  }
  std::vector<ClauseAt> starved;
  std::erase_if(waiting_, [&](auto const& clause) {
    if (now <= clause->until) return false;
    starved.push_back(clause);
    return true;
  });
  for (auto const& clause : starved) {
    failed(clause, {Reaction::elsewhere, Code::deadline, "no connection to the synthesiser's service became free in time"}, 0,
           {});
  }
  for (auto const& [resource, used] : last_used_) {
    if (now - used > options.warm_for) continue;
    if (std::ranges::none_of(lines_, [&](LineAt const& line) { return line->resource == resource; })) open_line(resource);
  }
  if (lines_.empty() && waiting_.empty()) {
    ticking_ = false;
    return;
  }
  clock_.expires_after(tick_length);
  clock_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto const self = std::static_pointer_cast<Speaking>(weak.lock());
    if (!error && self && !self->closed_) self->tick();
  });
}

void Speaking::remove(LineAt const& line) {
  if (line->socket) line->socket->close();
  line->socket.reset();
  lines_.remove(line);
}

void Speaking::close() {
  closed_ = true;
  clock_.cancel();
  for (auto const& line : lines_) {
    if (line->socket) line->socket->close();
  }
  lines_.clear();
  waiting_.clear();
}

}  // namespace parley::cloud::volcengine
