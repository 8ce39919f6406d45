#include "cloud/volcengine/dialogue/codec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cloud/json_member.hpp"
#include "cloud/volcengine/event.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine::dialogue {
namespace {

using nlohmann::json;

Frame client_event(std::int32_t number, std::string const& session, json const& body) {
  Frame frame;
  frame.event = number;
  frame.id = session;
  frame.payload = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return frame;
}

constexpr std::size_t most_instructions = 4000;  // characters, together with the style: longer ones are refused

std::string shortened(std::string const& text, std::size_t most) {
  auto const characters = core::decode_utf8(text);
  return characters.size() <= most ? text : core::encode_utf8(std::u32string_view(characters).substr(0, most));
}

/// The models that play a part take the whole part as one text.
bool plays_a_part(std::string const& model) { return model.starts_with("SC") || model.starts_with("2."); }

json body_of(Setup const& setup) {
  json hearing = json::object();
  if (!setup.hot_words.empty()) {
    json words = json::array();
    for (auto const& word : setup.hot_words) words.push_back({{"word", word}});
    hearing["context"] = {{"hotwords", std::move(words)}};
  }
  json audio{{"channel", 1}, {"format", "pcm_s16le"}, {"sample_rate", 24000}};
  if (setup.loudness != 0) audio["loudness_rate"] = setup.loudness;
  json speaking{{"audio_config", std::move(audio)}, {"extra", json::object()}};  // null is refused with 42000020
  if (!setup.speaker.empty()) speaking["speaker"] = setup.speaker;
  json extra{{"input_mod", "push_to_talk"}};
  if (!setup.model.empty()) extra["model"] = setup.model;
  json dialog{{"extra", std::move(extra)}};
  if (!setup.instructions.empty()) {
    auto const style = std::min(core::count_code_points(setup.style), most_instructions);
    dialog[plays_a_part(setup.model) ? "character_manifest" : "system_role"] =
        shortened(setup.instructions, most_instructions - style);
  }
  if (!setup.style.empty()) dialog["speaking_style"] = setup.style;
  json input{{"format", "pcm"}, {"sample_rate", 16000}, {"channel", 1}};
  return {{"asr", {{"audio_info", std::move(input)}, {"extra", std::move(hearing)}}},
          {"tts", std::move(speaking)},
          {"dialog", std::move(dialog)}};
}

void read_results(json const& body, News& news) {
  auto const results = body.find("results");
  if (results == body.end() || !results->is_array()) return;
  for (auto const& result : *results) {
    if (!result.is_object()) continue;
    news.text += text_at(result, "text");
    auto const interim = result.find("is_interim");
    news.interim = news.interim || (interim != result.end() && interim->is_boolean() && interim->get<bool>());
  }
}

void read_usage(json const& body, News& news) {
  auto const usage = body.find("usage");
  if (usage == body.end() || !usage->is_object()) return;
  news.prompt_tokens = number_at(*usage, "input_text_tokens") + number_at(*usage, "input_audio_tokens");
  news.cached_tokens = number_at(*usage, "cached_text_tokens") + number_at(*usage, "cached_audio_tokens");
  news.completion_tokens = number_at(*usage, "output_text_tokens") + number_at(*usage, "output_audio_tokens");
}

}  // namespace

Frame start_session(std::string const& session, Setup const& setup) {
  auto body = body_of(setup);
  json before = json::array();
  for (auto const& [user, assistant] : setup.before) {
    before.push_back({{"role", "user"}, {"text", user}});
    before.push_back({{"role", "assistant"}, {"text", assistant}});
  }
  if (!before.empty()) body["dialog"]["dialog_context"] = std::move(before);
  return client_event(event::start_session, session, body);
}

Frame update_config(std::string const& session, Setup const& setup) {
  return client_event(event::update_config, session, body_of(setup));
}

Frame sound(std::string const& session, std::string pcm) {
  Frame frame;
  frame.type = MessageType::audio_request;
  frame.serialization = Serialization::raw;
  frame.event = event::task_request;
  frame.id = session;
  frame.payload = std::move(pcm);
  return frame;
}

Frame end_asr(std::string const& session) { return client_event(event::end_asr, session, json::object()); }
Frame interrupt(std::string const& session) { return client_event(event::client_interrupt, session, json::object()); }
Frame say_hello(std::string const& session, std::string_view text) {
  return client_event(event::say_hello, session, {{"content", text}});
}
Frame own_text(std::string const& session, std::string_view text) {
  return client_event(event::chat_tts_text, session, {{"start", true}, {"content", text}, {"end", true}});
}
Frame text_query(std::string const& session, std::string_view text) {
  return client_event(event::chat_text_query, session, {{"content", text}});
}
Frame correction(std::string const& session, std::string const& item, std::string_view text) {
  return client_event(event::conversation_update, session, {{"items", json::array({{{"item_id", item}, {"text", text}}})}});
}

core::Result<News> read(Frame const& frame) {
  if (!frame.event) return core::fail(core::Code::invalid, "a frame of the dialogue carries no event", "frame");
  News news;
  news.event = *frame.event;
  if (news.event == event::tts_response) {
    news.sound = frame.payload;
    return news;
  }
  if (news.event == event::connection_failed || news.event == event::session_failed ||
      news.event == event::dialog_common_error) {
    news.said = read_said(frame.payload);
    return news;
  }
  auto const body = frame.payload.empty() ? json::object() : json::parse(frame.payload, nullptr, false);
  if (!body.is_object()) return core::fail(core::Code::invalid, "an event of the dialogue holds no JSON object", "frame");
  news.question = text_at(body, "question_id");
  news.reply = text_at(body, "reply_id");
  switch (news.event) {
    case event::tts_sentence_start:
      news.text = text_at(body, "text");
      news.own = text_at(body, "tts_type") == "chat_tts_text";
      break;
    case event::asr_response: read_results(body, news); break;
    case event::chat_response: news.text = text_at(body, "content"); break;
    case event::usage_response: read_usage(body, news); break;
    default: break;
  }
  return news;
}

}  // namespace parley::cloud::volcengine::dialogue
