#include "cloud/volcengine/dialogue/line.hpp"

#include "cloud/volcengine/account.hpp"
#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/synthesis_codec.hpp"

namespace parley::cloud::volcengine::dialogue {

using core::Code;

Line::Line(net::Network& network, boost::asio::any_io_executor strand, net::WebSocket::Options options, Handlers handlers)
    : network_(network), strand_(std::move(strand)), options_(std::move(options)), handlers_(std::move(handlers)) {}

void Line::open(Setup const& setup) {
  if (!closed()) return;
  state_ = State::greeting;
  setup_ = setup;
  session_ = uuid();
  log_id_.clear();
  since_ = core::Clock::now();
  alive_ = std::make_shared<bool>(true);
  // A handler of an earlier socket, or after our end, finds nobody.
  auto const at = [this, weak = std::weak_ptr<bool>(alive_)](auto&& then) {
    if (weak.lock()) then(*this);
  };
  socket_ = net::WebSocket::open(network_, strand_, options_,
                                 {[at](std::string const& log_id) { at([&](Line& self) { self.log_id_ = log_id; }); },
                                  [at](std::string_view bytes, bool text) { at([&](Line& self) { self.take(bytes, text); }); },
                                  [at](net::WebSocket::Ended const& how) { at([&](Line& self) { self.ended(how); }); }});
  socket_->send(encode(start_connection()));
}

void Line::send(Frame const& frame) {
  if (closed()) return;
  auto bytes = encode(frame);
  if (state_ == State::ready) return socket_->send(std::move(bytes));
  if (waiting_.size() >= most_waiting) {
    return fail({Reaction::elsewhere, Code::busy, "too much waits for the dialogue's service"}, 0);
  }
  waiting_.push_back(std::move(bytes));
}

void Line::begin_anew(Setup const& setup) {
  if (state_ != State::ready) return;
  socket_->send(encode(session_event(event::finish_session, session_)));
  state_ = State::finishing;
  setup_ = setup;
  finishing_ = std::exchange(session_, uuid());
  since_ = core::Clock::now();
}

void Line::take(std::string_view bytes, bool text) {
  auto const frame = text ? core::fail(Code::unavailable, "an abnormal text") : decode(bytes);
  if (!frame) return fail({Reaction::reopen, Code::unavailable, "the dialogue's service sends what is no frame"}, 0);
  if (frame->type == MessageType::error) {
    return fail(verdict(frame->code, read_said(frame->payload).message), frame->code);
  }
  auto const news = read(*frame);
  if (!news) return fail({Reaction::reopen, Code::unavailable, "the dialogue's service sends what is no event"}, 0);
  switch (news->event) {
    case event::connection_started:
      if (state_ != State::greeting) return;
      state_ = State::starting;
      return socket_->send(encode(start_session(session_, setup_)));
    case event::connection_failed:
    case event::session_failed: return fail(verdict(news->said.code, news->said.message), news->said.code);
    case event::session_finished:
      if (state_ == State::finishing && frame->id.value_or("") == finishing_) {
        state_ = State::starting;
        return socket_->send(encode(start_session(session_, setup_)));
      }
      [[fallthrough]];
    case event::connection_finished:
      return fail({Reaction::reopen, Code::unavailable, "the dialogue's service has ended the session"}, 0);
    default: break;
  }
  if (frame->id.value_or("") != session_) return;
  if (news->event == event::session_started) {
    if (state_ != State::starting) return;
    state_ = State::ready;
    for (; !waiting_.empty(); waiting_.pop_front()) socket_->send(std::move(waiting_.front()));
    return handlers_.ready();
  }
  if (state_ == State::ready) handlers_.news(*news);
}

void Line::ended(net::WebSocket::Ended const& how) {
  if (how.http_status != 0) {
    auto const said = read_said(how.body);
    return fail(refused(how.http_status, said), said.code);
  }
  fail({Reaction::reopen, how.error.code, how.error.message.c_str()}, 0);
}

void Line::close() {
  alive_.reset();
  if (socket_) socket_->close();
  socket_.reset();
  waiting_.clear();
  state_ = State::closed;
}

void Line::fail(Verdict const& why, std::uint32_t code) {
  if (closed()) return;
  auto const keeps = socket_;  // `why` may hold words of the handler that called us
  close();
  handlers_.lost(why, code);
}

}  // namespace parley::cloud::volcengine::dialogue
