#include "cloud/volcengine/recogniser.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>

#include "audio/pcm16.hpp"
#include "cloud/volcengine/joined_words.hpp"
#include "cloud/volcengine/recognition_codec.hpp"
#include "cloud/volcengine/verdict.hpp"
#include "core/log.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine {
namespace {

namespace asio = boost::asio;
using core::Code;

constexpr std::size_t bytes_per_ms = 32;
// The documents allow 100 to 200 ms; the words of the last packet before a pause are the ones that an answer is begun with.
constexpr std::size_t packet_bytes = 100 * bytes_per_ms;
// What is told as the last packet. The rest of an incomplete one goes before it as an ordinary one: the service answers that
// with the words so far, and the last packet only with the final ones.
constexpr std::size_t last_packet_bytes = 20 * bytes_per_ms;
constexpr std::size_t most_kept_bytes = 120'000 * bytes_per_ms;  // of one stream, to be told again
// Sound behind a pause: the quiet of the pause itself until this much is there, then somebody is talking on.
constexpr std::size_t quiet_bytes = 1'500 * bytes_per_ms;
constexpr int most_attempts = 2;

/// One stream to the service: the sound of it, what was sent, what came back.
struct Stream {
  std::string pcm;        ///< all of it, so that it can be told again
  std::size_t sent = 0;   ///< bytes of it, on this connection
  bool begun = false;     ///< a connection was asked for
  bool complete = false;  ///< nothing is added any more
  bool last_sent = false;
  int attempts = 0;
  std::shared_ptr<net::WebSocket> socket;
  std::string log_id;
  std::string newest;                                ///< the newest text, perhaps not the last
  std::optional<core::Result<std::string>> outcome;  ///< the final text or why there is none
};

}  // namespace

/// Lives on a strand of its own; the handle outside only posts.
class Hearing : public std::enable_shared_from_this<Hearing> {
 public:
  Hearing(net::Network& network, std::shared_ptr<Recogniser::Options const> options, speech::RecogniserOptions wish,
          speech::Recogniser::Sink sink)
      : network_(network), options_(std::move(options)), strand_(network.strand()), deadline_(strand_), sink_(std::move(sink)) {
    request_.two_pass = options_->address.path.ends_with("_async");
    request_.gzip = options_->gzip;
    request_.boosting_table = options_->boosting_table;
    request_.hot_words = hot_words_of(wish.prompt);
    ledger_ = std::move(wish.ledger);
    live_ = !wish.recording;
    if (options_->address.path.ends_with("_nostream")) request_.language = wish.language == "en" ? "en-US" : "";
    streams_.emplace_back();
  }

  asio::any_io_executor const& strand() const { return strand_; }

  void hear(std::string const& pcm) {
    if (over_) return;
    if (streams_.back().complete) streams_.emplace_back();
    auto& stream = streams_.back();
    if (stream.pcm.size() + pcm.size() > most_kept_bytes) return;  // two minutes without a pause: the rest is not heard
    stream.pcm += pcm;
    if (!stream.begun && (streams_.size() == 1 || stream.pcm.size() > quiet_bytes)) begin(stream);
    send(stream);
  }

  void transcribe(std::uint64_t revision) {
    if (over_) return;
    revision_ = revision;
    auto& stream = streams_.back();
    stream.complete = true;
    if (!stream.begun) begin(stream);
    send(stream);
    deadline_.expires_after(options_->final_within);
    deadline_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto const self = weak.lock();
      if (!error && self) self->too_late();
    });
    report();
  }

  void close() {
    over_ = true;
    deadline_.cancel();
    for (auto& stream : streams_) drop(stream);
  }

 private:
  void begin(Stream& stream) {
    stream.begun = true;
    stream.sent = 0;
    stream.last_sent = false;
    ++stream.attempts;
    auto const number =
        static_cast<std::size_t>(std::ranges::find_if(streams_, [&](Stream& s) { return &s == &stream; }) - streams_.begin());
    auto const attempt = stream.attempts;
    net::WebSocket::Options options;
    options.address = options_->address;
    options.headers = headers(options_->account, options_->resource);
    options.open_within = options_->open_within;
    // A handler of an earlier attempt, or after the end, finds nobody.
    auto const at = [weak = weak_from_this(), number, attempt](auto&& then) {
      auto const self = weak.lock();
      if (self && !self->over_ && self->streams_[number].attempts == attempt) then(*self, self->streams_[number]);
    };
    stream.socket = net::WebSocket::open(
        network_, strand_, std::move(options),
        {[at](std::string const& log_id) { at([&](Hearing&, Stream& s) { s.log_id = log_id; }); },
         [at](std::string_view bytes, bool text) { at([&](Hearing& self, Stream& s) { self.take(s, bytes, text); }); },
         [at](net::WebSocket::Ended const& ended) { at([&](Hearing& self, Stream& s) { self.ended(s, ended); }); }});
    stream.socket->send(encode(recognition_request(request_)));
  }

  void send(Stream& stream) {
    if (!stream.socket || stream.last_sent) return;
    auto const left = [&] { return stream.pcm.size() - stream.sent; };
    while (left() >= packet_bytes) send(stream, packet_bytes, false);
    if (!stream.complete) return;
    if (live_ && left() > last_packet_bytes) send(stream, left() - last_packet_bytes, false);
    send(stream, left(), true);
    stream.last_sent = true;
  }

  void send(Stream& stream, std::size_t bytes, bool last) const {
    stream.socket->send(encode(recognition_sound(stream.pcm.substr(stream.sent, bytes), last, request_.gzip)));
    stream.sent += bytes;
  }

  void take(Stream& stream, std::string_view bytes, bool text) {
    if (stream.outcome) return;
    auto const frame = text ? core::fail(Code::unavailable, "the service sends an abnormal text") : decode(bytes);
    if (!frame) return failed(stream, {Reaction::reopen, Code::unavailable, "the service sends what is no frame"}, 0);
    if (frame->type == MessageType::error) {
      return failed(stream, verdict(frame->code, read_said(frame->payload).message), frame->code);
    }
    if (frame->type != MessageType::full_response) return;
    auto reply = read_recognition(*frame);
    if (!reply) return failed(stream, {Reaction::reopen, Code::unavailable, "the service sends what is no JSON"}, 0);
    if (!reply->log_id.empty()) stream.log_id = reply->log_id;
    if (!reply->last) {
      stream.newest = std::move(reply->text);
      if (!stream.newest.empty()) tell_interim();
      return;
    }
    settle(stream, std::move(reply->text));
  }

  /// A stream is paid for by its length; one that was broken off, too.
  void book(Stream const& stream, std::string failure) const {
    if (!ledger_) return;
    ledger_->add({.service = options_->service,
                  .product = options_->resource,
                  .log_id = stream.log_id,
                  .failure = std::move(failure),
                  .heard = std::chrono::milliseconds(stream.sent / bytes_per_ms)});
  }

  void settle(Stream& stream, core::Result<std::string> outcome) {
    if (outcome) book(stream, {});
    stream.outcome = std::move(outcome);
    drop(stream);
    stream.pcm = {};
    report();
  }

  void ended(Stream& stream, net::WebSocket::Ended const& ended) {
    if (stream.outcome) return;
    if (ended.http_status != 0) {
      auto const said = read_said(ended.body);
      return failed(stream, refused(ended.http_status, said), said.code);
    }
    // Closed behind the last packet with a text in hand: that was the answer.
    if (ended.opened && stream.last_sent && !stream.newest.empty() && stream.attempts >= most_attempts) {
      return settle(stream, stream.newest);
    }
    failed(stream, {Reaction::reopen, ended.error.code, ended.error.message.c_str()}, 0);
  }

  void failed(Stream& stream, Verdict const& why, std::uint32_t code) {
    if (why.reaction == Reaction::no_speech || why.reaction == Reaction::fine) return settle(stream, std::string());
    auto error = error_of(why, code, options_->service, stream.log_id);
    spdlog::info("cloud: {}", core::describe(error));
    book(stream, std::string(core::name(error.code)));
    drop(stream);
    bool const again = (why.reaction == Reaction::reopen || why.reaction == Reaction::wait) && stream.attempts < most_attempts;
    if (!again) return settle(stream, std::unexpected(std::move(error)));
    begin(stream);
    send(stream);
  }

  static void drop(Stream& stream) {
    if (stream.socket) stream.socket->close();
    stream.socket.reset();
  }

  /// Everything up to what was asked for is known: it is told.
  void report() {
    if (!revision_) return;
    std::string text;
    for (auto const& stream : streams_) {
      if (!stream.complete) break;  // came after the transcript was asked for
      if (!stream.outcome) return;
      if (!*stream.outcome) return tell(std::unexpected(stream.outcome->error()));
      text = join(text, trimmed(**stream.outcome));
    }
    speech::Transcript transcript;
    transcript.revision = *revision_;
    transcript.language = core::guess_language(text);
    transcript.text = std::move(text);
    tell(std::move(transcript));
  }

  /// The words so far, unasked: live words, and an answer that is begun before the final ones are there.
  void tell_interim() {
    if (!live_) return;
    std::string text;
    for (auto const& stream : streams_) {
      if (stream.outcome && !*stream.outcome) return;
      text = join(text, trimmed(stream.outcome ? **stream.outcome : stream.newest));
    }
    if (text.empty() || text == interim_) return;
    interim_ = text;
    speech::Transcript transcript;
    transcript.language = core::guess_language(text);
    transcript.text = std::move(text);
    sink_(std::move(transcript));
  }

  void tell(core::Result<speech::Transcript> result) {
    revision_.reset();
    deadline_.cancel();
    sink_(std::move(result));
  }

  void too_late() {
    if (!revision_ || over_) return;
    tell(std::unexpected(
        core::Error{Code::deadline, "the recogniser's service gave no transcript in time", options_->service, {}}));
  }

  net::Network& network_;
  std::shared_ptr<Recogniser::Options const> options_;
  asio::any_io_executor strand_;
  asio::steady_timer deadline_;
  speech::Recogniser::Sink sink_;
  RecognitionRequest request_;
  std::shared_ptr<core::Ledger> ledger_;
  std::deque<Stream> streams_;  // a deque: references stay
  std::optional<std::uint64_t> revision_;
  std::string interim_;  // the words last told unasked
  bool live_ = true, over_ = false;
};

namespace {

class Handle final : public speech::UtteranceRecogniser {
 public:
  explicit Handle(std::shared_ptr<Hearing> hearing) : hearing_(std::move(hearing)) {}
  ~Handle() override {
    asio::post(hearing_->strand(), [hearing = hearing_] { hearing->close(); });
  }
  Handle(Handle const&) = delete;
  Handle& operator=(Handle const&) = delete;

  void push(std::span<float const> samples) override {
    if (samples.empty()) return;
    asio::post(hearing_->strand(), [hearing = hearing_, pcm = audio::to_pcm16(samples)] { hearing->hear(pcm); });
  }
  /// A text of all that was pushed ends the stream, and what follows is heard without what came before: not for a look in
  /// between.
  void transcribe(std::uint64_t revision, core::Urgency urgency) override {
    if (urgency == core::Urgency::partial) return;
    asio::post(hearing_->strand(), [hearing = hearing_, revision] { hearing->transcribe(revision); });
  }

 private:
  std::shared_ptr<Hearing> hearing_;
};

}  // namespace

Recogniser::Recogniser(net::Network& network, Options options)
    : network_(network), options_(std::make_shared<Options const>(std::move(options))) {}

std::unique_ptr<speech::UtteranceRecogniser> Recogniser::open(speech::RecogniserOptions options, Sink sink) const {
  return std::make_unique<Handle>(std::make_shared<Hearing>(network_, options_, std::move(options), std::move(sink)));
}

}  // namespace parley::cloud::volcengine
