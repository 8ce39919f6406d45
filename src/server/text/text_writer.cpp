#include "server/text/text_writer.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/event_stream.hpp"
#include "core/utf8.hpp"

namespace parley::server {
namespace {

// In the order OpenAI writes fields in: people read these.
using Json = nlohmann::ordered_json;
using language::TokenScore;
using Shape = TextRequest::Shape;

std::string dumped(Json const& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json usage_json(language::Usage const& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

Json score_json(TokenScore::Choice const& choice) {
  Json bytes = Json::array();
  for (unsigned char const byte : choice.bytes) bytes.push_back(byte);
  return {{"token", choice.bytes}, {"logprob", choice.logprob}, {"bytes", std::move(bytes)}};
}

Json chat_logprobs(std::vector<TokenScore> const& scores) {
  Json content = Json::array();
  for (auto const& score : scores) {
    Json token = score_json(score.chosen);
    token["top_logprobs"] = Json::array();
    for (auto const& choice : score.likeliest) token["top_logprobs"].push_back(score_json(choice));
    content.push_back(std::move(token));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

/// The older shape; `offset`: code points before the first of these tokens.
Json completion_logprobs(std::vector<TokenScore> const& scores, std::size_t offset) {
  Json out{{"tokens", Json::array()},
           {"token_logprobs", Json::array()},
           {"top_logprobs", Json::array()},
           {"text_offset", Json::array()}};
  for (auto const& score : scores) {
    out["tokens"].push_back(score.chosen.bytes);
    out["token_logprobs"].push_back(score.chosen.logprob);
    Json top = Json::object();
    for (auto const& choice : score.likeliest) top[choice.bytes] = choice.logprob;
    out["top_logprobs"].push_back(std::move(top));
    out["text_offset"].push_back(offset);
    offset += core::count_code_points(score.chosen.bytes);
  }
  return out;
}

Json call_json(language::ToolCall const& call) {
  return {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

std::string reason_of(language::FinishReason reason) {
  switch (reason) {
    case language::FinishReason::stop: return "stop";
    case language::FinishReason::length: return "length";
    case language::FinishReason::tool_calls: return "tool_calls";
    case language::FinishReason::content_filter: return "content_filter";
  }
  return "stop";
}

}  // namespace

TextWriter::TextWriter(TextRequest const& request, std::string id, std::int64_t created)
    : request_(request), id_(std::move(id)), created_(created), choices_(static_cast<std::size_t>(request.choices())) {}

bool TextWriter::finished() const {
  return std::ranges::all_of(choices_, [](Choice const& choice) { return !choice.reason.empty(); });
}

language::Usage TextWriter::usage() const {
  language::Usage all;
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    auto const& one = choices_[i].usage;
    all.completion_tokens += one.completion_tokens;
    if (i % static_cast<std::size_t>(request_.n) != 0) continue;
    all.prompt_tokens += one.prompt_tokens;
    all.cached_tokens += one.cached_tokens;
  }
  return all;
}

/// One chunk of one choice. `delta` and `logprobs` are JSON; an empty `reason`: it goes on; `more`: other members, if any.
std::string TextWriter::event(int choice, std::string const& delta, std::string const& logprobs, std::string const& reason,
                              std::string const& more) {
  bool const chat = request_.shape == Shape::chat;
  // Put together by hand: this runs for every token of every stream.
  std::string out = "{\"id\":\"" + id_ + "\",\"object\":\"" + (chat ? "chat.completion.chunk" : "text_completion") +
                    "\",\"created\":" + std::to_string(created_) + ",\"model\":" + dumped(request_.model) +
                    ",\"choices\":[{\"index\":" + std::to_string(choice) + (chat ? ",\"delta\":" : ",\"text\":") + delta +
                    ",\"logprobs\":" + logprobs + ",\"finish_reason\":" + (reason.empty() ? "null" : "\"" + reason + "\"") +
                    more + "}]";
  if (request_.include_usage) out += ",\"usage\":null";
  return core::sse_event(out += "}");
}

std::string TextWriter::begin() {
  std::string out;
  if (!request_.stream || request_.shape != Shape::chat) return out;
  for (int i = 0; i < request_.choices(); ++i)
    out += event(i, R"({"role":"assistant","content":"","refusal":null})", "null", "");
  return out;
}

std::string TextWriter::piece(int index, language::Delta delta) {
  Choice& choice = at(index);
  std::string const& text = delta.text;
  if (!request_.stream) {
    choice.text += text;
    std::ranges::move(delta.tokens, std::back_inserter(choice.scores));
    return {};
  }
  if (request_.shape == Shape::generate) return text.empty() ? "" : core::sse_event(dumped({{"text", text}}));
  if (text.empty() && delta.tokens.empty()) return {};
  bool const chat = request_.shape == Shape::chat;
  std::string logprobs = "null";
  if (request_.logprobs) {
    logprobs = dumped(chat ? chat_logprobs(delta.tokens) : completion_logprobs(delta.tokens, choice.code_points));
    choice.code_points += core::count_code_points(text);
  }
  std::string const quoted = dumped(text);
  return event(index, chat ? "{\"content\":" + quoted + "}" : quoted, logprobs, "");
}

std::string TextWriter::piece(int index, language::ToolCallBegan const& call) {
  Choice& choice = at(index);
  choice.calls.push_back({call.id, call.name, ""});
  if (!request_.stream) return {};
  Json told = call_json(choice.calls.back());
  told["index"] = choice.calls.size() - 1;
  return event(index, dumped({{"tool_calls", Json::array({told})}}), "null", "");
}

std::string TextWriter::piece(int index, language::ToolCallArguments const& arguments) {
  Choice& choice = at(index);
  auto const call = std::ranges::find(choice.calls, arguments.id, &language::ToolCall::id);
  if (call == choice.calls.end()) return {};
  call->arguments += arguments.delta;
  if (!request_.stream) return {};
  Json const told{{"index", call - choice.calls.begin()}, {"function", {{"arguments", arguments.delta}}}};
  return event(index, dumped({{"tool_calls", Json::array({told})}}), "null", "");
}

/// Our own: `parley` beside the delta. It came only because the request asked for it.
std::string TextWriter::piece(int index, language::Grounds const& grounds) {
  at(index).grounds = grounds;
  if (!request_.stream || request_.shape != Shape::chat) return {};
  return event(index, "{}", "null", "", ",\"parley\":" + dumped(language::to_json(grounds)));
}

std::string TextWriter::piece(int index, language::Finish const& finish) {
  Choice& choice = at(index);
  choice.reason = reason_of(finish.reason);
  choice.usage = finish.usage;
  if (!request_.stream || request_.shape == Shape::generate) return {};
  return event(index, request_.shape == Shape::chat ? "{}" : "\"\"", "null", choice.reason);
}

std::string TextWriter::end(std::int64_t latency_ms) {
  std::string out;
  if (request_.shape == Shape::generate) {
    out = core::sse_event(dumped({{"text", ""},
                                  {"usage", usage_json(usage())},
                                  {"latency_ms", latency_ms},
                                  {"finish_reason", choices_.front().reason}}));
  } else if (request_.include_usage) {
    out = core::sse_event(dumped({{"id", id_},
                                  {"object", request_.shape == Shape::chat ? "chat.completion.chunk" : "text_completion"},
                                  {"created", created_},
                                  {"model", request_.model},
                                  {"choices", Json::array()},
                                  {"usage", usage_json(usage())}}));
  }
  return out + core::sse_event("[DONE]");
}

std::string TextWriter::error(core::Error const& error) { return core::sse_event(error_reply(error).body); }

HttpReply TextWriter::whole(std::int64_t latency_ms) const {
  Json body;
  if (request_.shape == Shape::generate) {
    body = {{"text", choices_.front().text},
            {"usage", usage_json(usage())},
            {"latency_ms", latency_ms},
            {"finish_reason", choices_.front().reason}};
    return {200, dumped(body), "application/json", {}};
  }
  bool const chat = request_.shape == Shape::chat;
  body = {{"id", id_},
          {"object", chat ? "chat.completion" : "text_completion"},
          {"created", created_},
          {"model", request_.model},
          {"choices", Json::array()}};
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    Choice const& choice = choices_[i];
    Json one{{"index", i}};
    if (chat) {
      bool const called = !choice.calls.empty();
      one["message"] = {{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
      if (!called || !choice.text.empty()) one["message"]["content"] = choice.text;
      for (auto const& call : choice.calls) one["message"]["tool_calls"].push_back(call_json(call));
      one["logprobs"] = request_.logprobs ? chat_logprobs(choice.scores) : Json(nullptr);
    } else {
      one["text"] = choice.text;
      one["logprobs"] = request_.logprobs ? completion_logprobs(choice.scores, 0) : Json(nullptr);
    }
    one["finish_reason"] = choice.reason;
    if (choice.grounds) one["parley"] = language::to_json(*choice.grounds);
    body["choices"].push_back(std::move(one));
  }
  body["usage"] = usage_json(usage());
  return {200, dumped(body), "application/json", {}};
}

}  // namespace parley::server
