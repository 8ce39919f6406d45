// Real sockets, a client made with Beast and a Call that is a puppet.
#include "server/server.hpp"

#include <gmock/gmock.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/log.hpp"
#include "core/sha256.hpp"
#include "core/test_folder.hpp"
#include "server/keys/key_file.hpp"

namespace parley::server {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using net::ip::tcp;
using nlohmann::json;
using namespace std::chrono_literals;

/// Answers response.create with one second of a constant sound whose level tells the session apart.
class PuppetCall : public conversation::Call {
 public:
  PuppetCall(Listener listener, float level, int seconds) : listener_(std::move(listener)), level_(level), seconds_(seconds) {}

  void hear(std::span<float const> samples) override {
    std::lock_guard const lock(mutex_);
    heard_ += samples.size();
  }
  void tell(conversation::Event event) override {
    using namespace conversation;
    std::lock_guard const lock(mutex_);
    if (closed_) return;
    if (std::holds_alternative<EndAsked>(event)) {
      asked_to_end_ = true;
      if (rests_) listener_(CallOver{});
    } else if (std::holds_alternative<ReplyCancelled>(event)) {
      listener_(Refused{"response_cancel_not_active", {core::Code::invalid, "no", "", {}}});
    } else if (auto const* asked = std::get_if<ReplyAsked>(&event)) {
      core::ReplyId const reply{++replies_};
      std::string const name = std::to_string(reply.value);
      listener_(ReplyBegan{reply, "resp_" + name, "item_" + name, "", true, false, asked->overrides.metadata});
      for (int i = 0; i < 10 * seconds_; ++i) {
        listener_(ReplySound{reply, {}, std::make_shared<audio::Samples const>(2400, level_)});
      }
      ReplyEnded ended;
      ended.reply = reply;
      listener_(ended);
    }
  }
  void close() override {
    std::lock_guard const lock(mutex_);
    closed_ = true;
  }
  void rest() {
    std::lock_guard const lock(mutex_);
    rests_ = true;
    if (asked_to_end_) listener_(conversation::CallOver{});
  }
  void busy() {
    std::lock_guard const lock(mutex_);
    rests_ = false;
  }
  bool closed() const {
    std::lock_guard const lock(mutex_);
    return closed_;
  }

 private:
  Listener listener_;
  float level_;
  int seconds_;
  mutable std::mutex mutex_;
  std::uint64_t replies_ = 0;
  std::size_t heard_ = 0;
  bool closed_ = false, rests_ = true, asked_to_end_ = false;
};

class ServerTest : public testing::Test {
 protected:
  static Options options() {
    Options options;
    options.port = 0;
    return options;
  }

  void start(Options options = ServerTest::options()) {
    // As `parley` does it: the log is there before there are threads. Its library is not watched by the thread sanitizer.
    (void)spdlog::default_logger();
    Hooks hooks{[this](CallRequest const& request, conversation::Call::Listener listener) {
      return open(request, std::move(listener));
    }};
    hooks.bearable = bearable_;
    auto started = Server::start(std::move(options), std::move(hooks));
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
    server_->set_ready(true);
  }

  core::Result<OpenedCall> open(CallRequest const& request, conversation::Call::Listener listener) {
    if (request.role == "nobody") return core::fail(core::Code::not_found, "there is no role 'nobody'", "role");
    if (request.role == "full") {
      return std::unexpected(core::Error{core::Code::busy, "the models are busy", "", 2500ms});
    }
    std::lock_guard const lock(mutex_);
    clients_.push_back(request.client);
    float const level = request.query.contains("level") ? std::stof(request.query.at("level")) : 0.5F;
    int const seconds = request.query.contains("seconds") ? std::stoi(request.query.at("seconds")) : 1;
    auto call = std::make_shared<PuppetCall>(std::move(listener), level, seconds);
    calls_.push_back(call);
    return OpenedCall{call, {}, request.role, "whisper-base", {}};
  }

  http::response<http::string_body> ask(http::verb method, std::string const& target,
                                        std::map<std::string, std::string> const& headers = {}, std::string const& body = "") {
    net::io_context io;
    beast::tcp_stream stream(io);
    stream.connect(tcp::endpoint(net::ip::address_v4::loopback(), server_->port()));
    http::request<http::string_body> request(method, target, 11);
    request.set(http::field::host, "localhost");
    for (auto const& [name, value] : headers) request.set(name, value);
    request.body() = body;
    request.prepare_payload();
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.skip(method == http::verb::head);
    http::read(stream, buffer, parser);
    return parser.release();
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<PuppetCall>> calls_;
  std::vector<std::string> clients_;  // key ids, of calls that were opened
  std::function<int(std::uint64_t)> bearable_;
  std::unique_ptr<Server> server_;
};

/// A blocking WebSocket client.
class Client {
 public:
  explicit Client(std::uint16_t port, std::string const& target = "/v1/realtime?model=default",
                  std::map<std::string, std::string> headers = {})
      : ws_(io_) {
    ws_.next_layer().connect(tcp::endpoint(net::ip::address_v4::loopback(), port));
    ws_.set_option(websocket::stream_base::decorator([headers](websocket::request_type& request) {
      for (auto const& [name, value] : headers) request.set(name, value);
    }));
    ws_.handshake(response_, "localhost", target, error_);
  }

  void say(json const& message) { ws_.write(net::buffer(message.dump())); }
  json hear() {
    beast::flat_buffer buffer;
    ws_.read(buffer, error_);
    if (error_) return {{"type", "closed"}};
    return json::parse(beast::buffers_to_string(buffer.data()));
  }
  json hear_until(std::string const& type) {
    for (;;) {
      json event = hear();
      if (event["type"] == type || error_) return event;
    }
  }

  net::io_context io_;
  websocket::stream<tcp::socket> ws_;
  websocket::response_type response_;
  beast::error_code error_;
};

TEST_F(ServerTest, PlainRoutes) {
  start();
  EXPECT_EQ(ask(http::verb::get, "/healthz").result_int(), 200U);
  EXPECT_EQ(ask(http::verb::head, "/healthz").result_int(), 200U);
  EXPECT_EQ(json::parse(ask(http::verb::get, "/readyz").body())["status"], "ready");
  server_->set_ready(false);
  auto const starting = ask(http::verb::get, "/readyz");
  EXPECT_EQ(starting.result_int(), 503U);
  EXPECT_EQ(json::parse(starting.body())["status"], "starting");
  EXPECT_EQ(json::parse(ask(http::verb::get, "/v1/models").body())["data"][0]["id"], "default");
  auto const missing = ask(http::verb::get, "/nothing");
  EXPECT_EQ(missing.result_int(), 404U);
  EXPECT_EQ(json::parse(missing.body())["error"]["code"], "not_found");
  EXPECT_EQ(ask(http::verb::post, "/v1/models").result_int(), 405U);
  EXPECT_EQ(ask(http::verb::get, "/v1/realtime").result_int(), 426U);
}

TEST_F(ServerTest, GarbageIsABadRequest) {
  start();
  net::io_context io;
  tcp::socket socket(io);
  socket.connect(tcp::endpoint(net::ip::address_v4::loopback(), server_->port()));
  net::write(socket, net::buffer(std::string_view("\x16\x03\x01 this is no HTTP\r\n\r\n")));
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(socket, buffer, response);
  EXPECT_EQ(response.result_int(), 400U);
  EXPECT_EQ(json::parse(response.body())["error"]["code"], "bad_request");
}

TEST_F(ServerTest, UpgradeAndAnAnswer) {
  start();
  Client client(server_->port());
  ASSERT_FALSE(client.error_) << client.error_.message();
  EXPECT_EQ(client.hear()["type"], "session.created");
  client.say({{"type", "response.create"}, {"response", {{"metadata", {{"k", "值"}}}}}});
  EXPECT_EQ(client.hear_until("response.created")["response"]["metadata"]["k"], "值");
  EXPECT_EQ(client.hear_until("response.done")["response"]["status"], "completed");
  client.say({{"type", "no.such.event"}, {"event_id", "mine"}});
  EXPECT_EQ(client.hear_until("error")["error"]["event_id"], "mine");
  client.ws_.binary(true);
  client.say({{"type", "response.cancel"}});
  EXPECT_EQ(client.hear_until("error")["error"]["code"], "invalid_value");
  client.ws_.text(true);
  client.say({{"type", "response.cancel"}});
  EXPECT_EQ(client.hear_until("error")["error"]["code"], "response_cancel_not_active");
  EXPECT_EQ(server_->sessions(), 1);
  client.ws_.close(websocket::close_code::normal, client.error_);
  for (int i = 0; i < 500 && server_->sessions() != 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server_->sessions(), 0);
  EXPECT_TRUE(calls_.at(0)->closed());
}

TEST_F(ServerTest, RefusedBeforeTheUpgrade) {
  start();
  Client nobody(server_->port(), "/v1/realtime?role=nobody");
  EXPECT_TRUE(nobody.error_);
  EXPECT_EQ(nobody.response_.result_int(), 404U);
  Client full(server_->port(), "/v1/realtime?role=full");
  EXPECT_EQ(full.response_.result_int(), 429U);
  EXPECT_EQ(full.response_["Retry-After"], "3");
  Client beta(server_->port(), "/v1/realtime", {{"OpenAI-Beta", "realtime=v1"}});
  EXPECT_EQ(beta.response_.result_int(), 400U);
  Client foreign(server_->port(), "/v1/realtime", {{"Origin", "https://evil.example"}});
  EXPECT_EQ(foreign.response_.result_int(), 403U);
  Client rebound(server_->port(), "/v1/realtime", {{"Host", "evil.example"}});
  EXPECT_EQ(rebound.response_.result_int(), 403U);
  Client local(server_->port(), "/v1/realtime", {{"Origin", "http://localhost:5173"}});
  EXPECT_FALSE(local.error_);
  server_->set_ready(false);
  Client early(server_->port());
  EXPECT_EQ(early.response_.result_int(), 503U);
  EXPECT_TRUE(early.response_.count("Retry-After"));
}

TEST_F(ServerTest, Keys) {
  auto with_key = options();
  with_key.keys = KeyBook::configured({core::sha256_of("秘密")});
  start(std::move(with_key));
  EXPECT_EQ(Client(server_->port()).response_.result_int(), 401U);
  EXPECT_EQ(ask(http::verb::get, "/v1/models").result_int(), 401U);
  EXPECT_EQ(ask(http::verb::get, "/healthz").result_int(), 200U);
  EXPECT_EQ(Client(server_->port(), "/v1/realtime", {{"Authorization", "Bearer wrong"}}).response_.result_int(), 401U);
  Client good(server_->port(), "/v1/realtime", {{"Authorization", "Bearer 秘密"}, {"Origin", "https://app.example"}});
  EXPECT_FALSE(good.error_) << good.error_.message();
  std::lock_guard const lock(mutex_);
  EXPECT_EQ(clients_, std::vector<std::string>{"configured-1"}) << "whoever holds the call is told whose it is";
}

TEST_F(ServerTest, BrowsersGiveTheKeyAsASubProtocol) {
  auto with_key = options();
  with_key.keys = KeyBook::configured({core::sha256_of("sk-1")});
  start(std::move(with_key));
  Client browser(server_->port(), "/v1/realtime?model=x",
                 {{"Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.sk-1, openai-agents-sdk.0.1"}});
  EXPECT_FALSE(browser.error_) << browser.error_.message();
  EXPECT_EQ(browser.response_["Sec-WebSocket-Protocol"], "realtime");
  EXPECT_EQ(browser.hear()["session"]["model"], "x");
}

TEST_F(ServerTest, AnEphemeralKeyOpensCallsAndNothingElse) {
  auto with_key = options();
  with_key.keys = KeyBook::configured({core::sha256_of("sk-1")});
  start(std::move(with_key));
  EXPECT_EQ(ask(http::verb::post, "/v1/realtime/client_secrets").result_int(), 401U);
  auto const issued = json::parse(ask(http::verb::post, "/v1/realtime/client_secrets", {{"Authorization", "Bearer sk-1"}},
                                      R"({"session":{"type":"realtime","instructions":"你是小禾"}})")
                                      .body());
  std::string const key = issued["value"];
  Client browser(server_->port(), "/v1/realtime",
                 {{"Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key." + key}, {"Origin", "https://app.example"}});
  EXPECT_FALSE(browser.error_) << browser.error_.message();
  EXPECT_EQ(browser.hear()["session"]["instructions"], "你是小禾");
  auto const elsewhere = ask(http::verb::get, "/v1/models", {{"Authorization", "Bearer " + key}});
  EXPECT_EQ(elsewhere.result_int(), 401U);
  EXPECT_EQ(json::parse(elsewhere.body())["error"]["message"],
            "An ephemeral key opens calls at /v1/realtime and nothing else.");
  EXPECT_EQ(
      ask(http::verb::delete_, "/v1/realtime/client_secrets", {{"Authorization", "Bearer sk-1"}}, json{{"value", key}}.dump())
          .result_int(),
      200U);
  Client late(server_->port(), "/v1/realtime", {{"Authorization", "Bearer " + key}});
  EXPECT_EQ(late.response_.result_int(), 401U);
}

TEST_F(ServerTest, AKeyHoldsAsManyCallsAndBytesAsItMay) {
  core::TestFolder const folder;
  auto const file = folder / "keys.json";
  auto const write = [&](std::function<void(ApiKey&)> const& change) {
    ASSERT_TRUE(change_keys(file, [&](std::vector<ApiKey>& keys) -> core::Result<void> {
      if (keys.empty()) keys.push_back({"key_1", "app", core::sha256_of("sk-1"), {"realtime"}, {}, 0, 0, 0});
      change(keys.front());
      return {};
    }));
  };
  write([](ApiKey& key) { key.limits = {.calls = 1, .monthly_bytes = 40'000}; });
  KeyBook::Options keys;
  keys.file = file;
  keys.watch = 0ms;
  auto with_key = options();
  with_key.keys = *KeyBook::open(std::move(keys));
  auto const book = with_key.keys;
  start(std::move(with_key));
  std::map<std::string, std::string> const header{{"Authorization", "Bearer sk-1"}};
  EXPECT_EQ(ask(http::verb::get, "/metrics", header).result_int(), 403U) << "not its scope";
  auto const issued = json::parse(ask(http::verb::post, "/v1/realtime/client_secrets", header, "{}").body());
  std::map<std::string, std::string> const ephemeral{{"Authorization", "Bearer " + issued["value"].get<std::string>()}};
  {
    Client first(server_->port(), "/v1/realtime", ephemeral);
    EXPECT_FALSE(first.error_) << first.error_.message();
    EXPECT_EQ(first.hear()["type"], "session.created");
    Client second(server_->port(), "/v1/realtime", header);
    EXPECT_EQ(second.response_.result_int(), 429U) << "a browser's call is one of the key's";
    EXPECT_TRUE(second.response_.count("Retry-After"));
    first.say({{"type", "response.create"}});  // a second of sound is more than may pass
    json last;
    while (!first.error_) {
      auto heard = first.hear();
      if (!first.error_) last = std::move(heard);
    }
    EXPECT_EQ(last["type"], "error");
    EXPECT_EQ(last["error"]["code"], "insufficient_quota");
  }
  EXPECT_EQ(Client(server_->port(), "/v1/realtime", header).response_.result_int(), 429U);
  write([](ApiKey& key) { key.limits = {}; });
  book->look();
  Client third(server_->port(), "/v1/realtime", header);
  ASSERT_FALSE(third.error_) << third.error_.message();
  (void)third.hear();
  write([](ApiKey& key) { key.revoked_at = 1; });
  book->look();
  third.say({{"type", "response.create"}});
  EXPECT_EQ(third.hear()["error"]["code"], "invalid_api_key");
  Client browser(server_->port(), "/v1/realtime", ephemeral);
  EXPECT_EQ(browser.response_.result_int(), 401U) << "what a revoked key has issued opens nothing";
  std::filesystem::remove_all(file.parent_path());
}

TEST_F(ServerTest, StartSaysWhatIsWrong) {
  start();
  auto taken = options();
  taken.port = server_->port();
  Hooks const hooks{[](CallRequest const&, conversation::Call::Listener) -> core::Result<OpenedCall> {
    return core::fail(core::Code::internal, "never called");
  }};
  auto second = Server::start(taken, hooks);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, core::Code::conflict);
  EXPECT_EQ(second.error().message, "port " + std::to_string(taken.port) + " is in use; choose another with --port");
  auto open_to_all = options();
  open_to_all.host = "0.0.0.0";
  EXPECT_EQ(Server::start(open_to_all, hooks).error().code, core::Code::permission);
  auto nonsense = options();
  nonsense.host = "not an address";
  EXPECT_EQ(Server::start(nonsense, hooks).error().code, core::Code::invalid);
}

TEST_F(ServerTest, SessionsAreLimitedExactly) {
  auto few = options();
  few.limits.sessions = 2;
  start(std::move(few));
  Client one(server_->port());
  {
    Client two(server_->port());
    EXPECT_FALSE(two.error_);
    Client three(server_->port());
    EXPECT_EQ(three.response_.result_int(), 429U);
    EXPECT_TRUE(three.response_.count("Retry-After"));
    two.ws_.close(websocket::close_code::normal, two.error_);
  }
  for (int i = 0; i < 500 && server_->sessions() != 1; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(Client(server_->port()).error_);
}

TEST_F(ServerTest, WhatTheStagesCannotBearIsRefusedBeforeTheSessionBegins) {
  std::atomic<int> room = 3;
  bearable_ = [&](std::uint64_t) { return room.load(); };
  start();
  std::vector<std::unique_ptr<Client>> clients(40);
  {
    std::vector<std::jthread> together;
    for (auto& client : clients) together.emplace_back([&] { client = std::make_unique<Client>(server_->port()); });
  }
  int let_in = 0;
  for (auto& client : clients) {
    if (!client->error_) {
      ++let_in;
      EXPECT_EQ(client->hear()["type"], "session.created");
      continue;
    }
    EXPECT_EQ(client->response_.result_int(), 503);
    EXPECT_EQ(client->response_["Retry-After"], "10");
  }
  EXPECT_EQ(let_in, 3) << "exact, however many come at once";
  room = 1;  // urgent work waits: nobody new, and nobody is thrown out
  EXPECT_EQ(Client(server_->port()).response_.result_int(), 503);
  EXPECT_EQ(server_->sessions(), 3);
  EXPECT_THAT(server_->metrics(), testing::HasSubstr("parley_calls_refused_total{full=\"stages\"} 38\n"));
  EXPECT_THAT(server_->metrics(), testing::HasSubstr("parley_calls_bearable 3\n"));
}

TEST_F(ServerTest, TwoSessionsNeverMix) {
  start();
  auto talk = [&](std::string const& level, std::string const& expected) {
    Client client(server_->port(), "/v1/realtime?level=" + level);
    for (int round = 0; round < 5; ++round) {
      client.say({{"type", "response.create"}});
      int deltas = 0;
      for (;;) {
        json const event = client.hear();
        if (event["type"] == "response.output_audio.delta") {
          EXPECT_EQ(event["delta"].get<std::string>().substr(0, 4), expected);
          ++deltas;
        }
        if (event["type"] == "response.done" || client.error_) break;
      }
      EXPECT_EQ(deltas, 10);
    }
  };
  std::jthread first(talk, "0.5", "AEAA");    // 0x4000
  std::jthread second(talk, "-0.5", "AMAA");  // 0xC000
}

TEST_F(ServerTest, ASlowClientIsClosedWithAReason) {
  auto tight = options();
  tight.limits.queue_bytes = std::size_t{1} << 20;
  start(std::move(tight));
  Client client(server_->port(), "/v1/realtime?seconds=600");  // some 40 MB that nobody reads
  client.ws_.next_layer().set_option(net::socket_base::receive_buffer_size(4096));
  client.say({{"type", "response.create"}});
  for (int i = 0; i < 1000 && !calls_.at(0)->closed(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(calls_.at(0)->closed());
  (void)client.hear_until("closed");
  EXPECT_EQ(client.ws_.reason().code, websocket::close_code::try_again_later);
}

TEST_F(ServerTest, OversizedMessage) {
  auto small = options();
  small.limits.message_bytes = 1000;
  start(std::move(small));
  Client client(server_->port());
  client.say({{"type", "input_audio_buffer.append"}, {"audio", std::string(4000, 'A')}});
  (void)client.hear_until("closed");
  EXPECT_EQ(client.ws_.reason().code, websocket::close_code::too_big);
}

TEST_F(ServerTest, SoundFarAheadOfRealTimeIsRefused) {
  auto strict = options();
  strict.limits.audio_ahead = 1s;
  start(std::move(strict));
  Client client(server_->port());
  client.say({{"type", "input_audio_buffer.append"}, {"audio", std::string(640'000, 'A')}});  // ten seconds
  EXPECT_EQ(client.hear_until("error")["error"]["code"], "rate_limit_exceeded");
}

TEST_F(ServerTest, ASessionEndsWhenItWasAnnounced) {
  auto brief = options();
  brief.limits.longest_session = 1s;
  start(std::move(brief));
  Client client(server_->port());
  EXPECT_EQ(client.hear_until("error")["error"]["code"], "session_expired");
  (void)client.hear_until("closed");
  EXPECT_EQ(client.ws_.reason().code, websocket::close_code::normal);
}

TEST_F(ServerTest, StopSaysGoodbye) {
  start();
  Client client(server_->port());
  EXPECT_EQ(client.hear()["type"], "session.created");
  std::jthread stopping([&] { server_->stop(50ms); });
  (void)client.hear_until("closed");
  EXPECT_EQ(client.ws_.reason().code, websocket::close_code::going_away);
  stopping.join();
  EXPECT_TRUE(calls_.at(0)->closed());
  server_->stop(0ms);
}

TEST_F(ServerTest, WhileItEndsNobodyIsLetInAndACallIsClosedOnceItIsAtRest) {
  start();
  Client resting(server_->port()), talking(server_->port());
  EXPECT_EQ(resting.hear()["type"], "session.created");
  EXPECT_EQ(talking.hear()["type"], "session.created");
  calls_.at(1)->busy();
  std::jthread stopping([&] { server_->stop(20s); });
  (void)resting.hear_until("closed");
  EXPECT_EQ(resting.ws_.reason().code, websocket::close_code::going_away);
  auto const ready = ask(http::verb::get, "/readyz");
  EXPECT_EQ(ready.result_int(), 503);
  EXPECT_EQ(json::parse(ready.body())["status"], "draining");
  EXPECT_EQ(ask(http::verb::get, "/healthz").result_int(), 200);
  Client late(server_->port());
  EXPECT_EQ(late.response_.result_int(), 503);
  EXPECT_EQ(json::parse(late.response_.body())["error"]["code"], "draining");
  EXPECT_FALSE(std::string(late.response_["Retry-After"]).empty());
  EXPECT_FALSE(calls_.at(1)->closed()) << "who talks may finish";
  calls_.at(1)->rest();
  (void)talking.hear_until("closed");
  EXPECT_EQ(talking.ws_.reason().code, websocket::close_code::going_away);
  stopping.join();
}

TEST_F(ServerTest, StopLetsACallEndByItself) {
  start();
  Client client(server_->port());
  calls_.at(0)->busy();
  std::jthread leaving([&] {
    std::this_thread::sleep_for(100ms);
    client.ws_.close(websocket::close_code::normal, client.error_);
  });
  auto const began = std::chrono::steady_clock::now();
  server_->stop(20s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 15s);
}

}  // namespace
}  // namespace parley::server
