#include "cloud/volcengine/simulator/chat_answer.hpp"

#include <nlohmann/json.hpp>

#include "core/event_stream.hpp"

namespace parley::cloud::volcengine {
namespace {

using nlohmann::json;

json chunk(std::string const& model, json choices, json usage) {
  return {{"id", "021740000000000000000000000000"},
          {"object", "chat.completion.chunk"},
          {"created", 1744896730},
          {"model", model},
          {"service_tier", "default"},
          {"choices", std::move(choices)},
          {"usage", std::move(usage)}};
}

json choice(std::string const& text, json reason) {
  json one{{"delta", {{"content", text}, {"role", "assistant"}}}, {"index", 0}};
  if (!reason.is_null()) one["finish_reason"] = std::move(reason);
  return json::array({std::move(one)});
}

std::string line(json const& body) { return core::sse_event(body.dump(-1, ' ', false, json::error_handler_t::replace)); }

}  // namespace

core::Result<ChatWish> read_chat(std::string_view body) {
  auto const bad = [](char const* what) { return core::fail(core::Code::invalid, what, "body"); };
  auto const asked = json::parse(body, nullptr, false);
  if (!asked.is_object()) return bad("the body is no JSON object");
  ChatWish wish;
  if (!asked.contains("model") || !asked["model"].is_string()) return bad("model is required");
  wish.model = asked["model"].get<std::string>();
  if (!asked.contains("messages") || !asked["messages"].is_array()) return bad("messages is required");
  for (auto const& message : asked["messages"]) {
    if (!message.is_object() || !message.contains("content") || !message["content"].is_string()) return bad("content is text");
    auto const role = message.value("role", "user");
    using language::Speaker;
    wish.request.messages.push_back({role == "system"      ? Speaker::system
                                     : role == "assistant" ? Speaker::assistant
                                                           : Speaker::user,
                                     message["content"].get<std::string>()});
  }
  if (!asked.value("stream", false)) return bad("only stream: true here");
  auto& sampling = wish.request.sampling;
  if (asked.contains("temperature") && asked["temperature"].is_number()) sampling.temperature = asked["temperature"];
  if (asked.contains("top_p") && asked["top_p"].is_number()) sampling.top_p = asked["top_p"];
  if (asked.contains("max_tokens") && asked["max_tokens"].is_number_integer()) sampling.max_tokens = asked["max_tokens"];
  if (asked.contains("stream_options") && asked["stream_options"].is_object()) {
    wish.usage = asked["stream_options"].value("include_usage", false);
  }
  return wish;
}

std::string chat_delta(std::string const& model, std::string const& text) {
  return line(chunk(model, choice(text, nullptr), nullptr));
}

std::string chat_finish(ChatWish const& wish, language::Finish const& finish) {
  auto const* reason = finish.reason == language::FinishReason::length ? "length" : "stop";
  std::string out = line(chunk(wish.model, choice("", reason), nullptr));
  if (wish.usage) {
    auto const& usage = finish.usage;
    out += line(chunk(wish.model, json::array(),
                      {{"prompt_tokens", usage.prompt_tokens},
                       {"completion_tokens", usage.completion_tokens},
                       {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
                       {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}}));
  }
  return out + core::sse_event("[DONE]");
}

std::string chat_error(std::string const& code, std::string const& message) {
  return json{{"error", {{"code", code}, {"message", message}, {"param", ""}, {"type", code}}}}.dump();
}

char const* chat_code_of(int status) {
  switch (status) {
    case 400: return "InvalidParameter";
    case 401: return "AuthenticationError";
    case 403: return "AccountOverdueError";
    case 404: return "InvalidEndpointOrModel.NotFound";
    case 429: return "RateLimitExceeded.EndpointRPMExceeded";
    default: return "InternalServiceError";
  }
}

}  // namespace parley::cloud::volcengine
