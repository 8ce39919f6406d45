#include "app/simulated_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/event_stream.hpp"
#include "server/server.hpp"

namespace parley::app {
namespace {

using nlohmann::json;
using server::Answer;
using server::HttpReply;
using server::HttpRequest;

constexpr std::array<std::string_view, 16> words{"这款", "产品", "采用", "轻巧",   "耐用", "的",   "材料", "，",
                                                 "续航", "可达", "十二", "小时，", "操作", "简单", "可靠", "。"};

/// What a client asked for, as far as it matters here.
struct Wish {
  bool stream = false, usage = false;
  int tokens = 0, prompt_tokens = 0;
  bool cut = false;  ///< fewer tokens than the answer has
};

struct Texts {
  std::string model, id = "chatcmpl-simulated";
  std::array<std::string, words.size()> events;  ///< one server-sent event a word

  explicit Texts(std::string name) : model(std::move(name)) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      json const delta{{"content", words[i]}};
      events[i] = event(json::array({{{"index", 0}, {"delta", delta}, {"finish_reason", nullptr}}}), nullptr);
    }
  }
  [[nodiscard]] std::string event(json choices, json usage) const {
    json body{
        {"id", id}, {"object", "chat.completion.chunk"}, {"created", 1}, {"model", model}, {"choices", std::move(choices)}};
    if (!usage.is_null()) body["usage"] = std::move(usage);
    return core::sse_event(body.dump());
  }
  [[nodiscard]] std::string ending(Wish const& wish) const {
    auto out = event(json::array({{{"index", 0}, {"delta", json::object()}, {"finish_reason", wish.cut ? "length" : "stop"}}}),
                     nullptr);
    if (wish.usage) out += event(json::array(), usage_of(wish));
    return out + core::sse_event("[DONE]");
  }
  [[nodiscard]] HttpReply whole(Wish const& wish) const {
    std::string text;
    for (int i = 0; i < wish.tokens; ++i) text += words[static_cast<std::size_t>(i) % words.size()];
    json const message{{"role", "assistant"}, {"content", text}};
    json const body{
        {"id", id},
        {"object", "chat.completion"},
        {"created", 1},
        {"model", model},
        {"choices", json::array({{{"index", 0}, {"message", message}, {"finish_reason", wish.cut ? "length" : "stop"}}})},
        {"usage", usage_of(wish)}};
    return {200, body.dump(), "application/json", {}};
  }
  static json usage_of(Wish const& wish) {
    return {{"prompt_tokens", wish.prompt_tokens},
            {"completion_tokens", wish.tokens},
            {"total_tokens", wish.prompt_tokens + wish.tokens}};
  }
};

std::expected<Wish, HttpReply> read(std::string const& body, int answer_tokens) {
  auto const asked = json::parse(body, nullptr, false);
  if (!asked.is_object() || !asked.contains("messages") || !asked["messages"].is_array()) {
    return std::unexpected(server::error_reply(400, {"invalid_value", "The body has no messages.", "messages", {}}));
  }
  Wish wish;
  wish.stream = asked.value("stream", false);
  wish.usage = asked.contains("stream_options") && asked["stream_options"].is_object() &&
               asked["stream_options"].value("include_usage", false);
  wish.tokens = answer_tokens;
  for (char const* name : {"max_tokens", "max_completion_tokens"}) {
    if (asked.contains(name) && asked[name].is_number_integer())
      wish.tokens = std::clamp(asked[name].get<int>(), 1, answer_tokens);
  }
  wish.cut = wish.tokens < answer_tokens;
  wish.prompt_tokens = static_cast<int>(body.size() / 4);
  return wish;
}

/// One answer on its way; its client may leave at any time.
struct Writing {
  Wish wish;
  std::shared_ptr<Answer> answer;
  core::Instant begins;
  int written = 0;
  std::atomic<bool> gone = false;
};

/// Held by the connection: its end is the client's.
struct Listener {
  explicit Listener(std::shared_ptr<Writing> w) : writing(std::move(w)) {}
  Listener(Listener const&) = delete;
  Listener& operator=(Listener const&) = delete;
  ~Listener() { writing->gone = true; }
  std::shared_ptr<Writing> writing;
};

}  // namespace

struct SimulatedCluster::Implementation {
  explicit Implementation(ClusterOptions given)
      : options(std::move(given)), texts(options.model), timer(io), work(io.get_executor()), random(options.seed) {}

  /// 1 on the average, never less than a tenth.
  double varied() { return std::max(0.1, 1 + options.jitter * std::normal_distribution<>()(random)); }

  server::HttpRoutes::Work take(HttpRequest const& request, std::shared_ptr<Answer> answer) {
    auto wish = read(request.body, options.answer_tokens);
    if (!wish) {
      answer->reply(std::move(wish.error()));
      return nullptr;
    }
    auto const writing = std::make_shared<Writing>();
    writing->wish = *wish;
    writing->answer = std::move(answer);
    boost::asio::post(io, [this, writing] {
      waiting.push_back(writing);
      if (!stepping) step();
    });
    return std::make_shared<Listener>(writing);
  }

  void step() {
    auto const now = core::Clock::now();
    while (!waiting.empty() && live.size() < options.slots) {
      auto const reading = std::chrono::duration<double, std::milli>(options.first_token_ms * varied());
      live.push_back(waiting.front());
      waiting.pop_front();
      live.back()->begins = now + std::chrono::duration_cast<core::Duration>(reading);
    }
    for (auto const& writing : live) {
      if (writing->begins <= now) write(*writing);
    }
    std::erase_if(live, [](auto const& writing) { return writing->answer == nullptr; });
    stepping = !live.empty() || !waiting.empty();
    if (!stepping) return;
    // By the clock and not by the timer's lateness, so that the pace stays true under load.
    auto const pause =
        std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(varied() / options.tokens_per_second));
    next = std::max(now, next + pause);
    timer.expires_at(next);
    timer.async_wait([this](boost::system::error_code error) {
      if (!error) step();
    });
  }

  void write(Writing& writing) const {
    if (writing.gone) return writing.answer.reset();
    auto const& wish = writing.wish;
    bool const first = writing.written == 0, last = writing.written + 1 == wish.tokens;
    if (wish.stream) {
      std::string piece = texts.events[static_cast<std::size_t>(writing.written) % words.size()];
      if (last) piece += texts.ending(wish);
      if (first)
        writing.answer->begin({200, std::move(piece), "text/event-stream", {}});
      else
        writing.answer->write(std::move(piece));
      if (last) writing.answer->end();
    } else if (last) {
      writing.answer->reply(texts.whole(wish));
    }
    ++writing.written;
    if (last) writing.answer.reset();
  }

  HttpReply at_once(HttpRequest const& request) const {
    auto const wish = read(request.body, options.answer_tokens);
    if (!wish) return wish.error();
    if (!wish->stream) return texts.whole(*wish);
    std::string events;
    for (int i = 0; i < wish->tokens; ++i) events += texts.events[static_cast<std::size_t>(i) % words.size()];
    return {200, events + texts.ending(*wish), "text/event-stream", {}};
  }

  ClusterOptions options;
  Texts texts;
  boost::asio::io_context io;
  boost::asio::steady_timer timer;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::mt19937 random;  // on the stepping thread, as are the next four
  std::deque<std::shared_ptr<Writing>> waiting;
  std::vector<std::shared_ptr<Writing>> live;
  bool stepping = false;
  core::Instant next{};
  std::unique_ptr<server::Server> server;
  std::jthread stepper;
};

SimulatedCluster::SimulatedCluster(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

SimulatedCluster::~SimulatedCluster() {
  implementation_->server.reset();
  implementation_->io.stop();
}

std::uint16_t SimulatedCluster::port() const { return implementation_->server->port(); }

core::Result<std::unique_ptr<SimulatedCluster>> SimulatedCluster::start(ClusterOptions options) {
  constexpr int connections = 4096;
  auto own = std::make_unique<Implementation>(std::move(options));
  server::Options served;
  served.host = own->options.host;
  served.port = own->options.port;
  served.threads = 1;
  served.models = {own->options.model};
  served.limits.connections = connections;
  if (own->options.tokens_per_second > 0) {
    served.routes.add_later("POST", "/v1/chat/completions",
                            [&engine = *own](HttpRequest const& request, std::shared_ptr<Answer> answer) {
                              return engine.take(request, std::move(answer));
                            },
                            {.needs_key = false});
  } else {
    served.routes.add("POST", "/v1/chat/completions",
                      [&engine = *own](HttpRequest const& request) { return engine.at_once(request); }, {.needs_key = false});
  }
  auto started = server::Server::start(
      std::move(served), {[](server::CallRequest const&, conversation::Call::Listener) -> core::Result<server::OpenedCall> {
        return core::fail(core::Code::unavailable, "no calls here, only text");
      }});
  if (!started) return std::unexpected(started.error());
  own->server = *std::move(started);
  own->server->set_ready(true);
  own->stepper = std::jthread([&io = own->io] { io.run(); });
  return std::unique_ptr<SimulatedCluster>(new SimulatedCluster(std::move(own)));
}

}  // namespace parley::app
