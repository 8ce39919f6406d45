#include "cloud/volcengine/recognition_codec.hpp"

#include <nlohmann/json.hpp>

#include "cloud/json_member.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::volcengine {
namespace {

using nlohmann::json;

constexpr std::size_t most_hot_words = 100;

std::string dump(json const& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

void add_result(json const& result, RecognitionReply& reply) {
  if (!result.is_object()) return;
  reply.text += text_at(result, "text");
  if (auto const additions = result.find("additions"); additions != result.end() && additions->is_object()) {
    reply.log_id = text_at(*additions, "log_id");
  }
  auto const utterances = result.find("utterances");
  if (utterances == result.end() || !utterances->is_array()) return;
  for (auto const& each : *utterances) {
    if (!each.is_object()) continue;
    auto const definite = each.find("definite");
    reply.utterances.push_back({text_at(each, "text"), number_at(each, "start_time"), number_at(each, "end_time"),
                                definite != each.end() && definite->is_boolean() && definite->get<bool>()});
  }
}

}  // namespace

Frame recognition_request(RecognitionRequest const& request) {
  json audio{{"format", "pcm"}, {"codec", "raw"}, {"rate", 16000}, {"bits", 16}, {"channel", 1}};
  if (!request.language.empty()) audio["language"] = request.language;
  json asked{{"model_name", "bigmodel"},
             {"enable_itn", true},
             {"enable_punc", true},
             {"show_utterances", true},
             {"result_type", "full"}};
  if (request.two_pass) asked["enable_nonstream"] = true;
  json corpus = json::object();
  if (!request.boosting_table.empty()) corpus["boosting_table_name"] = request.boosting_table;
  if (!request.hot_words.empty()) {
    json words = json::array();
    for (auto const& word : request.hot_words) words.push_back({{"word", word}});
    corpus["context"] = dump({{"hotwords", std::move(words)}});  // JSON inside a string
  }
  if (!corpus.empty()) asked["corpus"] = std::move(corpus);
  Frame frame;
  frame.compression = request.gzip ? Compression::gzip : Compression::none;
  frame.payload = dump({{"user", {{"uid", "parley"}}}, {"audio", std::move(audio)}, {"request", std::move(asked)}});
  return frame;
}

Frame recognition_sound(std::string pcm, bool last, bool gzip) {
  Frame frame;
  frame.type = MessageType::audio_request;
  frame.serialization = Serialization::raw;
  frame.compression = gzip ? Compression::gzip : Compression::none;
  frame.last = last;
  frame.payload = std::move(pcm);
  return frame;
}

core::Result<RecognitionReply> read_recognition(Frame const& frame) {
  auto const body = json::parse(frame.payload, nullptr, false);
  if (!body.is_object()) return core::fail(core::Code::unavailable, "the recogniser's service sends something that is no JSON");
  RecognitionReply reply;
  reply.last = frame.last;
  if (auto const info = body.find("audio_info"); info != body.end() && info->is_object()) {
    reply.duration_ms = number_at(*info, "duration");
  }
  if (auto const result = body.find("result"); result != body.end()) {
    if (result->is_array()) {
      for (auto const& each : *result) add_result(each, reply);
    } else {
      add_result(*result, reply);
    }
  }
  return reply;
}

std::vector<std::string> hot_words_of(std::string_view prompt) {
  std::vector<std::string> words;
  std::u32string word;
  auto const finish = [&] {
    while (!word.empty() && core::is_space(word.back())) word.pop_back();
    if (!word.empty() && words.size() < most_hot_words) words.push_back(core::encode_utf8(word));
    word.clear();
  };
  for (char32_t const c : core::decode_utf8(prompt)) {
    if (c == U',' || c == U'，' || c == U'、' || c == U';' || c == U'；' || c == U'\n' || c == U'。' || c == U'：') {
      finish();
    } else if (!word.empty() || !core::is_space(c)) {
      word.push_back(c);
    }
  }
  finish();
  return words;
}

}  // namespace parley::cloud::volcengine
