#include "server/text/text_request.hpp"

#include <algorithm>
#include <limits>

#include "language/json_grammar.hpp"
#include "server/field_reader.hpp"
#include "server/text/chat_messages.hpp"

namespace parley::server {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int most_tokens = 1 << 20;
constexpr std::size_t most_bases = 16;
constexpr std::size_t longest_text = std::size_t{1} << 20;

std::optional<Json> body_of(std::string_view bytes, Complaint& complaint) {
  auto body = parse_json_object(bytes, complaint);
  if (!body) complaint->message = "The body must be one JSON object in UTF-8, at most 64 levels deep.";
  return body;
}

void read_stop(FieldReader& fields, Json const& body, language::Sampling& sampling) {
  auto const stop = body.find("stop");
  if (stop == body.end() || stop->is_null()) return;
  if (stop->is_string()) {
    sampling.stop = {stop->get<std::string>()};
  } else if (stop->is_array() && stop->size() <= 16 &&
             std::ranges::all_of(*stop, [](Json const& s) { return s.is_string(); })) {
    sampling.stop = stop->get<std::vector<std::string>>();
  } else {
    fields.complain("stop", "invalid_type", "'stop' is a string or a list of at most 16 strings.");
  }
}

/// What OpenAI calls a seed is any integer; ours is 32 bits wide, and 0 would mean a new one each time.
std::uint32_t seed_of(std::int64_t seed) {
  auto const folded = static_cast<std::uint32_t>(static_cast<std::uint64_t>(seed) ^ (static_cast<std::uint64_t>(seed) >> 32));
  return folded == 0 ? 0x9E3779B9U : folded;
}

void read_sampling(FieldReader& fields, Json const& body, language::Sampling& sampling) {
  sampling.max_tokens = default_max_tokens;
  if (auto const v = fields.number("temperature", 0, 2)) sampling.temperature = static_cast<float>(*v);
  if (auto const v = fields.number("top_p", 0, 1)) sampling.top_p = static_cast<float>(*v);
  if (auto const v = fields.integer("top_k", 0, 1000)) sampling.top_k = static_cast<int>(*v);
  if (auto const v = fields.number("repetition_penalty", 0.1, 2)) sampling.repeat_penalty = static_cast<float>(*v);
  if (auto const v = fields.number("presence_penalty", -2, 2)) sampling.presence_penalty = static_cast<float>(*v);
  if (auto const v = fields.number("frequency_penalty", -2, 2)) sampling.frequency_penalty = static_cast<float>(*v);
  constexpr double exact = 9007199254740992;  // integers beyond 2^53 have lost digits on their way
  if (auto const v = fields.integer("seed", static_cast<std::int64_t>(-exact), static_cast<std::int64_t>(exact))) {
    sampling.seed = seed_of(*v);
  }
  if (auto const v = fields.integer("max_tokens", 1, most_tokens)) sampling.max_tokens = static_cast<int>(*v);
  read_stop(fields, body, sampling);
  if (Json const* bias = fields.object("logit_bias"); bias != nullptr && !bias->empty()) {
    fields.complain("logit_bias", "unsupported_parameter", "'logit_bias' is not supported.");
  }
}

void read_common(FieldReader& fields, Json const& body, TextRequest& request) {
  if (auto model = fields.text("model", 256); model && !model->empty()) request.model = *std::move(model);
  if (auto const v = fields.integer("n", 1, most_choices)) request.n = static_cast<int>(*v);
  if (auto const v = fields.flag("stream")) request.stream = *v;
  if (Json const* options = fields.object("stream_options")) {
    Complaint complaint;
    FieldReader inner(*options, "stream_options", complaint);
    request.include_usage = inner.flag("include_usage").value_or(false);
    if (complaint) fields.complain("stream_options", complaint->code, complaint->message);
    if (!request.stream) {
      fields.complain("stream_options", "invalid_value", "'stream_options' is only allowed when 'stream' is true.");
    }
  }
  if (auto const v = body.find("best_of"); v != body.end() && !v->is_null() && *v != body.value("n", Json(1))) {
    fields.complain("best_of", "unsupported_parameter", "'best_of' is not supported; ask for 'n' answers.");
  }
}

void read_format(FieldReader& fields, OrderedJson const& body, language::Sampling& sampling) {
  Json const* format = fields.object("response_format");
  if (format == nullptr) return;
  std::string const type =
      format->value("type", Json("")).is_string() ? format->value("type", Json("")).get<std::string>() : "";
  if (type == "text") return;
  if (type == "json_object") {
    sampling.json_schema = "{}";
    return;
  }
  if (type != "json_schema") {
    fields.complain("response_format.type", "invalid_value",
                    "Invalid value: '" + type + "'. Supported values are: 'text', 'json_object', 'json_schema'.");
    return;
  }
  auto const& ordered = body["response_format"];
  if (!ordered.contains("json_schema") || !ordered["json_schema"].is_object() || !ordered["json_schema"].contains("schema")) {
    fields.complain("response_format.json_schema.schema", "missing_required_parameter",
                    "Missing required parameter: 'response_format.json_schema.schema'.");
    return;
  }
  auto const& wanted = ordered["json_schema"];
  sampling.json_schema = wanted["schema"].dump();
  bool const strict = wanted.contains("strict") && wanted["strict"] == true;
  if (auto const grammar = language::json_grammar(sampling.json_schema, strict); !grammar) {
    fields.complain("response_format.json_schema." + grammar.error().subject, "invalid_json_schema", grammar.error().message);
  }
}

void read_look_up(FieldReader& fields, TextRequest& request) {
  Json const* own = fields.object("parley");
  if (own == nullptr) return;
  Complaint complaint;
  FieldReader inner(*own, "parley", complaint);
  inner.only({"role", "knowledge", "grounding"});
  TextRequest::LookUp look_up;
  look_up.role = inner.text("role", 256).value_or("");
  if (auto const grounding = inner.choice("grounding", {"off", "flag", "soften", "replace"})) look_up.grounding = *grounding;
  if (Json const* bases = inner.array("knowledge")) {
    for (auto const& base : *bases) {
      if (!base.is_string() || bases->size() > most_bases) {
        inner.complain("knowledge", "invalid_type", "'parley.knowledge' is a list of at most 16 names.");
        break;
      }
      look_up.bases.push_back(base.get<std::string>());
    }
  }
  if (look_up.role.empty() && look_up.bases.empty()) {
    inner.complain("knowledge", "missing_required_parameter", "'parley' names a 'role' or the 'knowledge' to search.");
  }
  if (complaint) return fields.complain(complaint->param, complaint->code, complaint->message);
  request.look_up = std::move(look_up);
}

void refuse_what_is_not_text(FieldReader& fields, Json const& body) {
  for (char const* name : {"functions", "function_call", "audio", "web_search_options"}) {
    if (fields.has(name) && !fields.is_null(name)) {
      fields.complain(name, "unsupported_parameter", std::string("'") + name + "' is not supported here.");
    }
  }
  auto const kinds = body.find("modalities");
  if (kinds != body.end() && !kinds->is_null() && *kinds != Json::array({"text"})) {
    fields.complain("modalities", "unsupported_value", "Only text is written here; speak with /v1/realtime.");
  }
}

}  // namespace

language::GenerateRequest TextRequest::choice(int index) const {
  language::GenerateRequest chosen = prompts[static_cast<std::size_t>(index / n)];
  if (chosen.sampling.seed != 0) chosen.sampling.seed = seed_of(chosen.sampling.seed + std::int64_t{index % n});
  return chosen;
}

ReadText read_chat(std::string_view bytes) {
  Complaint complaint;
  auto const body = body_of(bytes, complaint);
  if (!body) return std::unexpected(*complaint);
  // The order of a schema's properties is the order they are written in, and Json forgets it.
  auto const ordered = OrderedJson::parse(bytes, nullptr, false);
  FieldReader fields(*body, "", complaint);
  TextRequest request;
  language::GenerateRequest prompt;
  prompt.may_shorten = false;
  read_common(fields, *body, request);
  read_sampling(fields, *body, prompt.sampling);
  if (auto const v = fields.integer("max_completion_tokens", 1, most_tokens)) prompt.sampling.max_tokens = static_cast<int>(*v);
  request.logprobs = fields.flag("logprobs").value_or(false);
  auto const alternatives = fields.integer("top_logprobs", 0, 20);
  if (alternatives && !request.logprobs) {
    fields.complain("top_logprobs", "invalid_value", "'top_logprobs' is only allowed when 'logprobs' is true.");
  }
  if (request.logprobs) prompt.sampling.alternatives = static_cast<int>(alternatives.value_or(0));
  read_format(fields, ordered, prompt.sampling);
  refuse_what_is_not_text(fields, *body);
  read_look_up(fields, request);
  prompt.messages = read_messages(fields);
  if (!complaint) read_tools(fields, ordered, prompt);
  if (complaint) return std::unexpected(*complaint);
  request.prompts.push_back(std::move(prompt));
  return request;
}

ReadText read_completion(std::string_view bytes) {
  Complaint complaint;
  auto const body = body_of(bytes, complaint);
  if (!body) return std::unexpected(*complaint);
  FieldReader fields(*body, "", complaint);
  TextRequest request;
  request.shape = TextRequest::Shape::completion;
  language::GenerateRequest prompt;
  prompt.raw = true;
  prompt.may_shorten = false;
  read_common(fields, *body, request);
  read_sampling(fields, *body, prompt.sampling);
  if (auto const v = fields.integer("logprobs", 0, 5)) {
    request.logprobs = true;
    prompt.sampling.alternatives = static_cast<int>(*v);
  }
  for (char const* name : {"echo", "suffix"}) {
    auto const v = body->find(name);
    if (v != body->end() && !v->is_null() && *v != false && *v != "") {
      fields.complain(name, "unsupported_parameter", std::string("'") + name + "' is not supported.");
    }
  }
  auto const add = [&](Json const& text) {
    prompt.messages = {{language::Speaker::user, text.get<std::string>()}};
    request.prompts.push_back(prompt);
  };
  auto const given = body->find("prompt");
  if (given != body->end() && given->is_string() && given->get_ref<std::string const&>().size() <= longest_text) {
    add(*given);
  } else if (given != body->end() && given->is_array() && !given->empty() &&
             given->size() * static_cast<std::size_t>(request.n) <= most_choices &&
             std::ranges::all_of(*given, [](Json const& each) { return each.is_string(); })) {
    for (auto const& each : *given) add(each);
  } else {
    fields.complain("prompt", given == body->end() ? "missing_required_parameter" : "invalid_type",
                    "'prompt' is a string or a list of strings, with at most 16 answers in all.");
  }
  if (complaint) return std::unexpected(*complaint);
  return request;
}

ReadText read_generate(std::string_view bytes) {
  Complaint complaint;
  auto const body = body_of(bytes, complaint);
  if (!body) return std::unexpected(*complaint);
  FieldReader fields(*body, "", complaint);
  TextRequest request;
  request.shape = TextRequest::Shape::generate;
  language::GenerateRequest prompt;
  prompt.may_shorten = false;
  read_common(fields, *body, request);
  if (request.n != 1)
    fields.complain("n", "unsupported_value", "/generate gives one answer; ask /v1/chat/completions for more.");
  read_sampling(fields, *body, prompt.sampling);
  prompt.messages = {{language::Speaker::user, fields.needed_text("prompt", longest_text)}};
  if (complaint) return std::unexpected(*complaint);
  request.prompts.push_back(std::move(prompt));
  return request;
}

}  // namespace parley::server
