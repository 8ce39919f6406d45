#include "conversation/event_json.hpp"

#include <cstring>
#include <stdexcept>

namespace parley::conversation {
namespace {

using Json = nlohmann::json;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

template <class T>
void put(Json& json, char const* key, std::optional<T> const& value) {
  if (value) json[key] = *value;
}
template <class T>
void get(Json const& json, char const* key, std::optional<T>& value) {
  if (auto const at = json.find(key); at != json.end()) value = at->get<T>();
}

Json of(core::Error const& e) {
  Json json{{"code", static_cast<int>(e.code)}, {"message", e.message}, {"subject", e.subject}};
  if (e.retry_after.count() > 0) json["retry_ms"] = e.retry_after.count();
  return json;
}
core::Error error_from(Json const& json) {
  core::Error e{static_cast<core::Code>(json.at("code").get<int>()), json.at("message"), json.at("subject"), {}};
  if (json.contains("retry_ms")) e.retry_after = std::chrono::milliseconds(json["retry_ms"].get<std::int64_t>());
  return e;
}
template <class T>
Json of(core::Result<T> const& result) {
  return result ? Json{{"ok", *result}} : Json{{"error", of(result.error())}};
}
template <class T>
core::Result<T> result_from(Json const& json) {
  if (json.contains("ok")) return json["ok"].get<T>();
  return std::unexpected(error_from(json.at("error")));
}

Json of(Item const& i) {
  return {{"id", i.id},
          {"speaker", static_cast<int>(i.speaker)},
          {"text", i.text},
          {"spoken", i.spoken},
          {"status", static_cast<int>(i.status)},
          {"from", i.from.samples},
          {"to", i.to.samples},
          {"heard", i.heard.samples},
          {"kind", static_cast<int>(i.kind)},
          {"call", i.call_id},
          {"name", i.name}};
}
Item item_from(Json const& j) {
  Item i;
  i.id = j.at("id");
  i.speaker = static_cast<language::Speaker>(j.at("speaker").get<int>());
  i.text = j.at("text");
  i.spoken = j.at("spoken");
  i.status = static_cast<ItemStatus>(j.at("status").get<int>());
  i.from = {j.at("from")};
  i.to = {j.at("to")};
  i.heard = {j.at("heard")};
  i.kind = static_cast<Item::Kind>(j.at("kind").get<int>());
  i.call_id = j.at("call");
  i.name = j.at("name");
  return i;
}

Json of(std::vector<language::Tool> const& tools) {
  Json json = Json::array();
  for (auto const& t : tools) json.push_back({t.name, t.description, t.parameters});
  return json;
}
std::vector<language::Tool> tools_from(Json const& json) {
  std::vector<language::Tool> tools;
  for (auto const& t : json) tools.push_back({t.at(0), t.at(1), t.at(2)});
  return tools;
}
Json of(language::ToolChoice const& c) { return {static_cast<int>(c.kind), c.name}; }
language::ToolChoice choice_from(Json const& j) {
  return {static_cast<language::ToolChoice::Kind>(j.at(0).get<int>()), j.at(1)};
}

Json of(ReplyOverrides const& o) {
  Json json{{"outside", o.outside}, {"metadata", o.metadata}};
  put(json, "instructions", o.instructions);
  put(json, "voices", o.voices);
  put(json, "speak", o.speak);
  put(json, "max_tokens", o.max_tokens);
  put(json, "say", o.say);
  if (o.input) {
    json["input"] = Json::array();
    for (auto const& item : *o.input) json["input"].push_back(of(item));
  }
  if (o.tools) json["tools"] = of(*o.tools);
  if (o.tool_choice) json["choice"] = of(*o.tool_choice);
  return json;
}
ReplyOverrides overrides_from(Json const& json) {
  ReplyOverrides o;
  o.outside = json.at("outside");
  o.metadata = json.at("metadata").get<std::map<std::string, std::string>>();
  get(json, "instructions", o.instructions);
  get(json, "voices", o.voices);
  get(json, "speak", o.speak);
  get(json, "max_tokens", o.max_tokens);
  get(json, "say", o.say);
  if (json.contains("input")) {
    o.input.emplace();
    for (auto const& item : json["input"]) o.input->push_back(item_from(item));
  }
  if (json.contains("tools")) o.tools = tools_from(json["tools"]);
  if (json.contains("choice")) o.tool_choice = choice_from(json["choice"]);
  return o;
}

Json of(language::Piece const& piece) {
  return std::visit(Overloaded{[](language::Delta const& d) { return Json{{"delta", d.text}}; },
                               [](language::Finish const& f) {
                                 return Json{{"finish",
                                              {static_cast<int>(f.reason), f.usage.prompt_tokens, f.usage.cached_tokens,
                                               f.usage.completion_tokens}}};
                               },
                               [](core::Error const& e) { return Json{{"error", of(e)}}; },
                               [](language::ToolCallBegan const& c) { return Json{{"call", {c.id, c.name}}}; },
                               [](language::ToolCallArguments const& a) { return Json{{"arguments", {a.id, a.delta}}}; },
                               [](language::Grounds const& g) { return Json{{"grounds", language::to_json(g)}}; }},
                    piece);
}
language::Piece piece_from(Json const& json) {
  if (json.contains("delta")) {
    language::Delta delta;
    delta.text = json["delta"];
    return delta;
  }
  if (json.contains("call")) return language::ToolCallBegan{json["call"].at(0), json["call"].at(1)};
  if (json.contains("arguments")) return language::ToolCallArguments{json["arguments"].at(0), json["arguments"].at(1)};
  if (json.contains("error")) return error_from(json["error"]);
  if (json.contains("grounds")) return language::grounds_from_json(json["grounds"]);
  auto const& f = json.at("finish");
  return language::Finish{static_cast<language::FinishReason>(f.at(0).get<int>()), {f.at(1), f.at(2), f.at(3)}};
}

Json of(audio::SharedSamples const& samples) {
  std::vector<std::uint8_t> bytes;
  if (samples && !samples->empty()) {
    bytes.resize(samples->size() * sizeof(float));
    std::memcpy(bytes.data(), samples->data(), bytes.size());
  }
  return Json::binary(std::move(bytes));
}
audio::SharedSamples samples_from(Json const& json) {
  auto const& bytes = json.get_binary();
  audio::Samples samples(bytes.size() / sizeof(float));
  if (!samples.empty()) std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(float));
  return std::make_shared<audio::Samples const>(std::move(samples));
}

Json of(language::Sampling const& s) {
  return {{"temperature", s.temperature}, {"top_p", s.top_p}, {"top_k", s.top_k}, {"repeat_penalty", s.repeat_penalty},
          {"max_tokens", s.max_tokens},   {"seed", s.seed},   {"stop", s.stop}};
}
Json of(TurnTaking const& t) {
  Json json{{"kind", static_cast<int>(t.kind)},
            {"threshold", t.threshold},
            {"prefix", t.prefix.count()},
            {"silence", t.silence.count()},
            {"shortest_pause", t.shortest_pause.count()},
            {"longest_wait", t.longest_wait.count()},
            {"finished", t.finished},
            {"reads", t.reads_text},
            {"create", t.create_reply},
            {"interrupt", t.interrupt_reply}};
  if (t.idle) json["idle"] = t.idle->count();
  return json;
}

}  // namespace

Json to_json(Settings const& s) {
  return {{"instructions", s.instructions},
          {"language", s.language},
          {"voices", s.voices},
          {"speed", s.speed},
          {"speak", s.speak},
          {"transcribe", s.transcribe},
          {"hearing_language", s.hearing_language},
          {"hearing_prompt", s.hearing_prompt},
          {"holds", s.player_holds},
          {"echo", s.echo_guard},
          {"sampling", of(s.sampling)},
          {"turns", of(s.turns)},
          {"tools", of(s.tools)},
          {"choice", of(s.tool_choice)}};
}

Settings settings_from(Json const& j) {
  Settings s;
  s.instructions = j.at("instructions");
  s.language = j.at("language");
  s.voices = j.at("voices").get<std::map<std::string, std::string>>();
  s.speed = j.at("speed");
  s.speak = j.at("speak");
  s.transcribe = j.at("transcribe");
  s.hearing_language = j.at("hearing_language");
  s.hearing_prompt = j.at("hearing_prompt");
  s.player_holds = j.at("holds");
  s.echo_guard = j.value("echo", false);
  auto const& m = j.at("sampling");
  s.sampling.temperature = m.at("temperature");
  s.sampling.top_p = m.at("top_p");
  s.sampling.top_k = m.at("top_k");
  s.sampling.repeat_penalty = m.at("repeat_penalty");
  s.sampling.max_tokens = m.at("max_tokens");
  s.sampling.seed = m.at("seed");
  s.sampling.stop = m.at("stop").get<std::vector<std::string>>();
  auto const& t = j.at("turns");
  auto const ms = [&](char const* key) { return Milliseconds(t.at(key).get<std::int64_t>()); };
  s.turns.kind = static_cast<TurnTaking::Kind>(t.at("kind").get<int>());
  s.turns.threshold = t.at("threshold");
  s.turns.prefix = ms("prefix");
  s.turns.silence = ms("silence");
  s.turns.shortest_pause = ms("shortest_pause");
  s.turns.longest_wait = ms("longest_wait");
  s.turns.finished = t.at("finished");
  s.turns.reads_text = t.value("reads", false);
  s.turns.create_reply = t.at("create");
  s.turns.interrupt_reply = t.at("interrupt");
  if (t.contains("idle")) s.turns.idle = ms("idle");
  s.tools = tools_from(j.at("tools"));
  s.tool_choice = choice_from(j.at("choice"));
  return s;
}

Json to_json(Event const& event) {
  auto const named = [](char const* name, Json json = Json::object()) {
    json["event"] = name;
    return json;
  };
  return std::visit(
      Overloaded{
          [&](FrameHeard const& e) { return named("frame", {{"end", e.end.samples}, {"voice", e.voice}, {"db", e.level_db}}); },
          [&](SettingsChanged const& e) { return named("settings", {{"settings", to_json(e.settings)}}); },
          [&](CommitAsked const&) { return named("commit"); }, [&](ClearAsked const&) { return named("clear"); },
          [&](ItemAdded const& e) {
            auto json = named("add", {{"item", of(e.item)}});
            put(json, "after", e.after);
            return json;
          },
          [&](ItemDeleted const& e) { return named("delete", {{"item", e.item}}); },
          [&](ItemTruncated const& e) {
            return named("truncate", {{"item", e.item}, {"index", e.content_index}, {"ms", e.audio_end_ms}});
          },
          [&](ReplyAsked const& e) { return named("ask", {{"overrides", of(e.overrides)}}); },
          [&](ReplyCancelled const& e) {
            auto json = named("cancel");
            put(json, "response", e.response);
            return json;
          },
          [&](ToolAnswered const& e) { return named("tool", {{"call", e.call_id}, {"output", e.output}}); },
          [&](EndAsked const&) { return named("wind up"); }, [&](HungUp const&) { return named("hangup"); },
          [&](TranscriptArrived const& e) {
            return named("words", {{"utterance", e.utterance.value}, {"revision", e.revision}, {"text", of(e.text)}});
          },
          [&](EndPredicted const& e) {
            return named("end", {{"utterance", e.utterance.value}, {"revision", e.revision}, {"p", of(e.probability)}});
          },
          [&](TextEndPredicted const& e) {
            return named("text end", {{"utterance", e.utterance.value}, {"revision", e.revision}, {"p", of(e.probability)}});
          },
          [&](PieceArrived const& e) { return named("piece", {{"reply", e.reply.value}, {"piece", of(e.piece)}}); },
          [&](SoundArrived const& e) {
            return named("sound",
                         {{"reply", e.reply.value}, {"clause", e.clause}, {"samples", of(e.samples)}, {"last", e.last}});
          },
          [&](SoundFailed const& e) {
            return named("mute", {{"reply", e.reply.value}, {"clause", e.clause}, {"error", of(e.error)}});
          },
          [&](Woken const&) { return named("woken"); }},
      event);
}

Event event_from(Json const& j) {
  auto const name = j.at("event").get<std::string>();
  auto const reply = [&] { return core::ReplyId{j.at("reply").get<std::uint64_t>()}; };
  auto const utterance = [&] { return core::UtteranceId{j.at("utterance").get<std::uint64_t>()}; };
  if (name == "frame") return FrameHeard{{j.at("end")}, j.at("voice"), j.at("db")};
  if (name == "settings") return SettingsChanged{settings_from(j.at("settings"))};
  if (name == "commit") return CommitAsked{};
  if (name == "clear") return ClearAsked{};
  if (name == "add") {
    ItemAdded added{item_from(j.at("item")), {}};
    get(j, "after", added.after);
    return added;
  }
  if (name == "delete") return ItemDeleted{j.at("item")};
  if (name == "truncate") return ItemTruncated{j.at("item"), j.at("index"), j.at("ms")};
  if (name == "ask") return ReplyAsked{overrides_from(j.at("overrides"))};
  if (name == "cancel") {
    ReplyCancelled cancelled;
    get(j, "response", cancelled.response);
    return cancelled;
  }
  if (name == "tool") return ToolAnswered{j.at("call"), j.at("output")};
  if (name == "wind up") return EndAsked{};
  if (name == "hangup") return HungUp{};
  if (name == "words") return TranscriptArrived{utterance(), j.at("revision"), result_from<std::string>(j.at("text"))};
  if (name == "end") return EndPredicted{utterance(), j.at("revision"), result_from<float>(j.at("p"))};
  if (name == "text end") return TextEndPredicted{utterance(), j.at("revision"), result_from<float>(j.at("p"))};
  if (name == "piece") return PieceArrived{reply(), piece_from(j.at("piece"))};
  if (name == "sound") return SoundArrived{reply(), j.at("clause"), samples_from(j.at("samples")), j.at("last")};
  if (name == "mute") return SoundFailed{reply(), j.at("clause"), error_from(j.at("error"))};
  if (name == "woken") return Woken{};
  throw std::invalid_argument("no event is called " + name);
}

}  // namespace parley::conversation
