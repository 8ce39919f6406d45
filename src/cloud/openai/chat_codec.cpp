#include "cloud/openai/chat_codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace parley::cloud::openai {
namespace {

using core::Code;
using nlohmann::json;

json const empty_object = json::object();

/// A member that is an object, or an empty one.
json const& object_at(json const& parent, char const* key) {
  auto const at = parent.find(key);
  return at != parent.end() && at->is_object() ? *at : empty_object;
}

std::string text_at(json const& parent, char const* key) {
  auto const at = parent.find(key);
  if (at == parent.end()) return {};
  if (at->is_string()) return at->get<std::string>();
  return at->is_number_integer() ? at->dump() : std::string();
}

int number_at(json const& parent, char const* key) {
  auto const at = parent.find(key);
  return at != parent.end() && at->is_number() ? at->get<int>() : 0;
}

/// What a code or a status asks for. The first row whose words begin the code, else whose status fits.
struct Row {
  char const* code;
  int status;
  Code means;
  char const* advice;
};
constexpr std::array rows{
    Row{"AuthenticationError", 401, Code::permission,
        "the language model's service does not know this key: put a valid one where `key_from` points"},
    Row{"invalid_api_key", 401, Code::permission,
        "the language model's service does not know this key: put a valid one where `key_from` points"},
    Row{"AccountOverdueError", 403, Code::permission, "the account of the language model's service is overdue: pay the bill"},
    Row{"AccessDenied", 403, Code::permission, "this key may not use this model: grant it in the service's console"},
    Row{"OperationDenied", 403, Code::permission, "the service does not allow this for the account: see its console"},
    Row{"InvalidEndpointOrModel", 404, Code::not_found,
        "there is no such model or endpoint: compare `model` with the console (an id, or ep-…)"},
    Row{"InvalidEndpoint.ClosedEndpoint", 400, Code::not_found, "the endpoint is closed: start it in the console"},
    Row{"InvalidEndpoint", 404, Code::not_found, "there is no such endpoint: compare `model` with the console (ep-…)"},
    Row{"ModelNotOpen", 404, Code::not_found, "the model is not activated for this account: open it in the console"},
    Row{"model_not_found", 404, Code::not_found, "there is no such model: compare `model` with the service's list"},
    Row{"SensitiveContentDetected", 400, Code::invalid, "the service's filter refused the text"},
    Row{"InputTextSensitiveContentDetected", 400, Code::invalid, "the service's filter refused the text"},
    Row{"InputTextRiskDetection", 400, Code::invalid, "the service's filter refused the text"},
    Row{"QuotaExceeded", 429, Code::busy, "the quota of the language model's service is used up: raise it or wait"},
    Row{"SetLimitExceeded", 429, Code::busy, "the limit set for this model is reached: raise it in the console"},
    Row{"insufficient_quota", 429, Code::busy, "the account of the language model's service has no credit left"},
    Row{"ServerOverloaded", 429, Code::busy, "the language model's service is overloaded"},
    Row{"ModelLoadingError", 429, Code::busy, "the language model is still being loaded there"},
};

core::Error refusal_of(std::string const& code, int status) {
  auto const row = std::ranges::find_if(rows, [&](Row const& r) { return !code.empty() && code.starts_with(r.code); });
  if (row != rows.end()) return {row->means, row->advice, code, {}};
  auto const said = code.empty() ? "HTTP " + std::to_string(status) : code;
  if (status == 401 || status == 403) {
    return {Code::permission, "the language model's service refuses this key: see its console", said, {}};
  }
  if (status == 404)
    return {Code::not_found, "the service knows no such address or model: look at `url` and `model`", said, {}};
  if (status == 429) return {Code::busy, "the language model's service takes no more requests just now", said, {}};
  if (status == 408 || status == 504) return {Code::deadline, "the language model's service ran out of time", said, {}};
  if (status >= 500) return {Code::unavailable, "the language model's service has a fault of its own", said, {}};
  return {Code::internal, "the language model's service does not accept the request: look at its settings", said, {}};
}

json message_of(language::Message const& message) {
  json out{{"role", language::name(message.speaker)}, {"content", message.text}};
  if (!message.call_id.empty()) out["tool_call_id"] = message.call_id;
  for (auto const& call : message.calls) {
    out["tool_calls"].push_back(
        {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  return out;
}

json tool_of(language::Tool const& tool) {
  auto parameters = json::parse(tool.parameters, nullptr, false);
  if (!parameters.is_object()) parameters = {{"type", "object"}, {"properties", json::object()}};
  return {{"type", "function"},
          {"function", {{"name", tool.name}, {"description", tool.description}, {"parameters", std::move(parameters)}}}};
}

json choice_of(language::ToolChoice const& choice) {
  using Kind = language::ToolChoice::Kind;
  switch (choice.kind) {
    case Kind::none: return "none";
    case Kind::required: return "required";
    case Kind::named: return {{"type", "function"}, {"function", {{"name", choice.name}}}};
    case Kind::automatic: break;
  }
  return "auto";
}

/// Only what looks like a code: letters, digits, dots, dashes and underscores.
std::string code_of(json const& error) {
  auto code = text_at(error, "code");
  if (code.empty()) code = text_at(error, "type");
  bool const plain = code.size() <= 80 && std::ranges::all_of(code, [](char c) {
                       return (std::isalnum(static_cast<unsigned char>(c)) != 0) || c == '.' || c == '_' || c == '-';
                     });
  return plain ? code : std::string();
}

}  // namespace

std::string chat_request(language::GenerateRequest const& request, ChatSettings const& settings) {
  json messages = json::array();
  for (auto const& message : request.messages) messages.push_back(message_of(message));
  auto const& sampling = request.sampling;
  json body{{"model", settings.model},
            {"messages", std::move(messages)},
            {"stream", true},
            {"stream_options", {{"include_usage", true}}},
            {"temperature", sampling.temperature},
            {"top_p", sampling.top_p},
            {"max_tokens", sampling.max_tokens}};
  if (settings.send_stop && !sampling.stop.empty()) body["stop"] = sampling.stop;
  if (settings.send_seed && sampling.seed != 0) body["seed"] = sampling.seed;
  if (!request.tools.empty()) {
    auto& tools = body["tools"] = json::array();
    for (auto const& tool : request.tools) tools.push_back(tool_of(tool));
    body["tool_choice"] = choice_of(request.tool_choice);
  }
  if (!settings.thinking.empty()) body["thinking"] = {{"type", settings.thinking}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

core::Error chat_refusal(int status, std::string_view body, std::string_view retry_after) {
  auto const said = json::parse(body, nullptr, false);
  auto error = refusal_of(said.is_object() ? code_of(object_at(said, "error")) : std::string(), status);
  if (error.code == Code::busy) {
    int seconds = 0;
    std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
    error.retry_after = std::chrono::seconds(std::clamp(seconds, 1, 600));
  }
  return error;
}

std::vector<language::Piece> ChatReader::push(std::string_view bytes) {
  std::vector<language::Piece> out;
  auto const events = events_.push(bytes);
  if (!events) {
    fail(events.error(), out);
    return out;
  }
  for (auto const& event : *events) take(event, out);
  return out;
}

void ChatReader::fail(core::Error error, std::vector<language::Piece>& out) {
  if (std::exchange(finished_, true)) return;
  out.emplace_back(std::move(error));
}

void ChatReader::take(SseEvent const& event, std::vector<language::Piece>& out) {
  if (finished_) return;
  if (event.data == "[DONE]") {
    finished_ = true;
    out.emplace_back(language::Finish{reason_.value_or(language::FinishReason::stop), usage_});
    return;
  }
  auto const chunk = json::parse(event.data, nullptr, false);
  if (!chunk.is_object()) {
    return fail({Code::unavailable, "the language model's service sends something that is no JSON", "data", {}}, out);
  }
  if (auto const error = chunk.find("error"); error != chunk.end() && !error->is_null()) {
    return fail(refusal_of(error->is_object() ? code_of(*error) : std::string(), 500), out);
  }
  if (auto const& usage = object_at(chunk, "usage"); !usage.empty()) {
    usage_ = {number_at(usage, "prompt_tokens"), number_at(object_at(usage, "prompt_tokens_details"), "cached_tokens"),
              number_at(usage, "completion_tokens")};
  }
  auto const choices = chunk.find("choices");
  if (choices == chunk.end() || !choices->is_array() || choices->empty() || !choices->front().is_object()) return;
  auto const& choice = choices->front();
  // reasoning_content is thought, not said.
  auto text = text_at(object_at(choice, "delta"), "content");
  if (!text.empty()) out.emplace_back(language::Delta{std::move(text)});
  auto const calls = object_at(choice, "delta").find("tool_calls");
  if (calls != object_at(choice, "delta").end() && calls->is_array()) {
    for (auto const& call : *calls) {
      if (!call.is_object()) continue;
      auto const& function = object_at(call, "function");
      auto& id = calls_[number_at(call, "index")];
      if (id.empty()) {  // the name comes once, the arguments in parts
        id = text_at(call, "id");
        if (id.empty()) id = "call_" + std::to_string(calls_.size());
        out.emplace_back(language::ToolCallBegan{id, text_at(function, "name")});
      }
      auto arguments = text_at(function, "arguments");
      if (!arguments.empty()) out.emplace_back(language::ToolCallArguments{id, std::move(arguments)});
    }
  }
  auto const reason = text_at(choice, "finish_reason");
  if (reason == "content_filter") return fail({Code::invalid, "the service's filter ended the answer", reason, {}}, out);
  if (reason.empty()) return;
  reason_ = reason == "length"                          ? language::FinishReason::length
            : reason == "tool_calls" || !calls_.empty() ? language::FinishReason::tool_calls
                                                        : language::FinishReason::stop;
}

std::optional<language::Piece> ChatReader::end() {
  if (std::exchange(finished_, true)) return std::nullopt;
  if (reason_) return language::Finish{*reason_, usage_};
  return core::Error{Code::unavailable, "the language model's service broke the answer off", "", {}};
}

}  // namespace parley::cloud::openai
