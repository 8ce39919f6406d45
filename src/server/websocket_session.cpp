#include "server/websocket_session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket.hpp>
#include <limits>

#include "core/log.hpp"
#include "server/beta_shape.hpp"

namespace parley::server {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {

constexpr std::chrono::seconds goodbye_patience{5};
constexpr std::string_view ending = "the server is shutting down";

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

WebSocketSession::WebSocketSession(beast::tcp_stream stream, std::shared_ptr<ServerState> state, ServerState::Place place)
    : state_(std::move(state)),
      place_(std::move(place)),
      ws_(std::move(stream)),
      clock_(ws_.get_executor()),
      patience_(ws_.get_executor()) {}

WebSocketSession::~WebSocketSession() {
  if (call_) call_->close();
}

conversation::Call::Listener WebSocketSession::listener() {
  // Only a weak pointer, no executor: somebody may hold the listener for longer than the server lives.
  return [weak = weak_from_this()](conversation::Command const& news) {
    auto self = weak.lock();
    if (!self) return;
    auto const executor = self->ws_.get_executor();
    net::post(executor, [self = std::move(self), news] { self->on_news(news); });
  };
}

void WebSocketSession::begin(OpenedCall opened, std::string model, Json const& preset,
                             std::unique_ptr<KeyAccount::CallHold> hold) {
  hold_ = std::move(hold);
  call_ = std::move(opened.call);
  SessionConfig::Identity identity;
  identity.model = std::move(model);
  identity.transcriber = std::move(opened.transcriber);
  identity.expires_at = unix_now() + longest().count();
  session_.emplace(RealtimeSession::Opening{std::move(identity), std::move(opened.settings), std::move(opened.voices), {}});
  id_ = session_->config().object()["id"].get<std::string>();
  if (auto changed = session_->preset(preset)) call_->tell(*std::move(changed));
  send(session_->greet());
}

/// What the server lets a call last, or what its key still has, whichever is less.
std::chrono::seconds WebSocketSession::longest() const {
  auto const allowed = state_->options.limits.longest_session;
  double const left = hold_ ? hold_->seconds_left() : std::numeric_limits<double>::infinity();
  return left < static_cast<double>(allowed.count()) ? std::chrono::seconds(static_cast<std::int64_t>(left) + 1) : allowed;
}

/// A key that has been revoked or has used up its month ends its calls.
void WebSocketSession::account_for(std::size_t bytes) {
  if (!hold_ || goodbye_) return;
  auto const over = hold_->used(bytes);
  if (!over) return;
  send(session_->complain({over->code, over->message, {}, {}, over->type}));
  call_->close();
  close_when_sent(websocket::close_code::policy_error, over->code);
}

net::ip::tcp::socket WebSocketSession::release() {
  finished_ = true;
  return beast::get_lowest_layer(ws_).release_socket();
}

net::awaitable<void> WebSocketSession::run(Request request) {
  auto const self = shared_from_this();
  auto const& limits = state_->options.limits;
  beast::get_lowest_layer(ws_).expires_never();  // the WebSocket has timeouts of its own
  ws_.set_option(websocket::stream_base::timeout{std::chrono::seconds(10), limits.idle, true});
  ws_.read_message_max(limits.message_bytes);
  ws_.text(true);
  std::string const protocol(chosen_protocol(request[http::field::sec_websocket_protocol]));
  ws_.set_option(websocket::stream_base::decorator([protocol](websocket::response_type& response) {
    response.set(http::field::server, "parley");
    if (!protocol.empty()) response.set(http::field::sec_websocket_protocol, protocol);
  }));
  beast::error_code error;
  co_await ws_.async_accept(request, net::redirect_error(net::use_awaitable, error));
  if (!error) {
    accepted_ = true;
    start_clock();
    spdlog::info("{} opened", id_);
    write_next();
    co_await read_all();
    spdlog::info("{} closed", id_);
  }
  finish();
}

net::awaitable<void> WebSocketSession::read_all() {
  for (;;) {
    beast::error_code error;
    co_await ws_.async_read(buffer_, net::redirect_error(net::use_awaitable, error));
    if (error) {
      if (error != websocket::error::closed && !closing_) spdlog::info("{} ended: {}", id_, error.message());
      co_return;
    }
    if (ws_.got_text()) {
      auto const bytes = buffer_.cdata();
      take({static_cast<char const*>(bytes.data()), bytes.size()});
    } else {
      send(session_->complain({"invalid_value", "Binary messages are not part of the protocol; send JSON as text.", {}, {}}));
    }
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > std::size_t{1} << 20) buffer_.shrink_to_fit();
  }
}

bool WebSocketSession::too_far_ahead(std::size_t samples) {
  auto const real = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_);
  auto const total = audio::Heard{heard_samples_ + static_cast<std::int64_t>(samples)};
  if (total.ms() > (real + state_->options.limits.audio_ahead).count()) return true;
  heard_samples_ = total.samples;
  return false;
}

void WebSocketSession::take(std::string_view message) {
  if (closing_ || goodbye_) return;
  account_for(message.size());
  if (goodbye_) return;
  auto intake = beta_ ? session_->take(beta::to_ga(message)) : session_->take(message);
  for (auto& outgoing : intake.out) send(std::move(outgoing));
  if (closing_) return;
  if (!intake.sound.empty()) {
    if (too_far_ahead(intake.sound.size())) {
      send(session_->complain({"rate_limit_exceeded",
                               "Sound was sent too far ahead of real time and this piece is lost; send slower.",
                               "audio",
                               {}}));
    } else {
      call_->hear(intake.sound);
    }
  }
  for (auto& event : intake.events) call_->tell(std::move(event));
}

void WebSocketSession::on_news(conversation::Command const& news) {
  if (closing_ || finished_ || !session_) return;
  auto messages = session_->tell(news);
  drop_silenced();
  for (auto& message : messages) send(std::move(message));
  if (std::holds_alternative<conversation::TurnMeasured>(news)) state_->answered();
  if (std::holds_alternative<conversation::CallOver>(news)) close_when_sent(websocket::close_code::going_away, ending);
}

/// The last hop: sound of an answer that was stopped does not leave any more.
void WebSocketSession::drop_silenced() {
  core::ReplyId const silenced = session_->take_silenced();
  if (silenced.value == 0) return;
  std::erase_if(queue_, [&](Outgoing const& waiting) {
    if (waiting.sound_of != silenced) return false;
    queued_bytes_ -= waiting.text.size();
    return true;
  });
}

void WebSocketSession::send(Outgoing message) {
  if (closing_ || finished_) return;
  if (beta_) {
    auto old = beta::from_ga(message.text);
    if (!old) return;
    message.text = *std::move(old);
  }
  queued_bytes_ += message.text.size();
  queue_.push_back(std::move(message));
  if (queued_bytes_ > state_->options.limits.queue_bytes) {
    spdlog::warn("{} reads too slowly and is closed", id_);
    return close(websocket::close_code::try_again_later, "the client reads too slowly");
  }
  write_next();
}

void WebSocketSession::write_next() {
  if (!accepted_ || write_pending_ || closing_) return;
  if (queue_.empty()) {
    if (goodbye_) close(static_cast<websocket::close_code>(goodbye_->code), {goodbye_->reason.data(), goodbye_->reason.size()});
    return;
  }
  writing_ = std::move(queue_.front());
  queue_.pop_front();
  write_pending_ = true;
  ws_.async_write(net::buffer(writing_.text),
                  [self = shared_from_this()](beast::error_code error, std::size_t) { self->written(error); });
}

void WebSocketSession::written(beast::error_code error) {
  write_pending_ = false;
  queued_bytes_ -= writing_.text.size();
  auto const bytes = writing_.text.size();
  writing_ = {};
  if (!error && !closing_) account_for(bytes);
  if (!error) write_next();  // after an error the reader ends as well
}

void WebSocketSession::close(websocket::close_code code, std::string_view reason) {
  if (closing_ || finished_) return;
  closing_ = true;
  queue_.clear();
  queued_bytes_ = writing_.text.size();
  if (call_) call_->close();
  patience_.expires_after(goodbye_patience);
  patience_.async_wait([weak = weak_from_this()](beast::error_code error) {
    auto const self = weak.lock();
    if (!error && self) beast::get_lowest_layer(self->ws_).close();
  });
  if (!accepted_) return beast::get_lowest_layer(ws_).close();
  ws_.async_close(websocket::close_reason(code, reason), [self = shared_from_this()](beast::error_code) {});
}

void WebSocketSession::close_when_sent(websocket::close_code code, std::string_view reason) {
  if (goodbye_) return;
  goodbye_.emplace(code, reason);
  write_next();
}

void WebSocketSession::start_clock() {
  clock_.expires_after(longest());
  clock_.async_wait([weak = weak_from_this()](beast::error_code error) {
    auto const self = weak.lock();
    if (error || !self) return;
    self->send(self->session_->complain({"session_expired", "Your session has reached its longest duration.", {}, {}}));
    self->close_when_sent(websocket::close_code::normal, "session expired");
  });
}

void WebSocketSession::drain() {
  net::post(ws_.get_executor(), [self = shared_from_this()] {
    if (self->call_) self->call_->tell(conversation::EndAsked{});
  });
}

void WebSocketSession::shut_down() {
  net::post(ws_.get_executor(), [self = shared_from_this()] { self->close(websocket::close_code::going_away, ending); });
}

void WebSocketSession::finish() {
  if (finished_) return;
  finished_ = true;
  clock_.cancel();
  patience_.cancel();
  if (call_) call_->close();
  call_.reset();
  hold_.reset();
  beast::get_lowest_layer(ws_).close();
}

}  // namespace parley::server
