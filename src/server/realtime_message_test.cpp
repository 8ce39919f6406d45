#include "server/realtime_message.hpp"

#include <gmock/gmock.h>

#include "server/base64.hpp"

namespace parley::server {
namespace {

using language::Speaker;
using testing::HasSubstr;

template <class T>
T decoded(std::string const& text) {
  auto message = decode_client_message(text);
  EXPECT_TRUE(message.has_value()) << text << "\n" << (message ? "" : message.error().message);
  if (!message) return {};
  EXPECT_TRUE(std::holds_alternative<T>(message->body)) << text;
  return std::get<T>(message->body);
}

ProtocolError refusal(std::string const& text) {
  auto const message = decode_client_message(text);
  EXPECT_FALSE(message.has_value()) << text;
  return message ? ProtocolError{} : message.error();
}

TEST(Base64, KnownVectors) {  // RFC 4648 §10
  for (auto const& [plain, text] : std::map<std::string, std::string>{{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"}}) {
    std::string encoded;
    append_base64(encoded, plain);
    EXPECT_EQ(encoded, text);
    EXPECT_EQ(decode_base64(text), plain);
  }
  EXPECT_EQ(decode_base64("Zg"), "f");  // without its padding
  for (auto const* bad : {"Z", "Zg=", "Zg===", "Z===", "Zm9v!", "Zm 9v", "Zh==", "=", "-_8="})
    EXPECT_FALSE(decode_base64(bad)) << bad;
}

TEST(ClientMessage, EveryEvent) {
  EXPECT_EQ(decoded<SessionUpdate>(R"({"type":"session.update","session":{"type":"realtime"}})").session["type"], "realtime");
  EXPECT_EQ(decoded<AudioAppend>(R"({"type":"input_audio_buffer.append","audio":"AAD/fw=="})").bytes,
            std::string("\0\0\xff\x7f", 4));
  EXPECT_EQ(decoded<AudioAppend>(R"({"type":"input_audio_buffer.append","audio":""})").bytes, "");
  (void)decoded<AudioCommit>(R"({"type":"input_audio_buffer.commit"})");
  (void)decoded<AudioClear>(R"({"type":"input_audio_buffer.clear"})");
  EXPECT_EQ(decoded<ItemRetrieve>(R"({"type":"conversation.item.retrieve","item_id":"item_1"})").item, "item_1");
  EXPECT_EQ(decoded<ItemDelete>(R"({"type":"conversation.item.delete","item_id":"item_1"})").item, "item_1");
  EXPECT_FALSE(decoded<ResponseCancel>(R"({"type":"response.cancel"})").response);
  EXPECT_EQ(decoded<ResponseCancel>(R"({"type":"response.cancel","response_id":"resp_1"})").response, "resp_1");
  auto const truncate = decoded<ItemTruncate>(
      R"({"type":"conversation.item.truncate","item_id":"item_1","content_index":0,"audio_end_ms":1500.7})");
  EXPECT_EQ(truncate.item, "item_1");
  EXPECT_EQ(truncate.audio_end_ms, 1500);
}

TEST(ClientMessage, EventIdIsKept) {
  EXPECT_EQ(decode_client_message(R"({"type":"response.cancel","event_id":"e-1"})")->event_id, "e-1");
  EXPECT_EQ(refusal(R"({"type":"nonsense","event_id":"e-2"})").event_id, "e-2");
  EXPECT_EQ(refusal(R"({"type":"conversation.item.delete","event_id":"e-3"})").event_id, "e-3");
}

TEST(ClientMessage, ItemsOfEachRole) {
  auto const user = decoded<ItemCreate>(
      R"({"type":"conversation.item.create","previous_item_id":"root","item":{"id":"mine","type":"message","role":"user",)"
      R"("content":[{"type":"input_text","text":"你好，世界"},{"type":"input_text","text":"hello"}]}})");
  EXPECT_EQ(user.after, "root");
  EXPECT_EQ(user.item.id, "mine");
  EXPECT_EQ(user.item.text, "你好，世界\nhello");
  EXPECT_EQ(user.item.speaker, Speaker::user);
  EXPECT_FALSE(user.item.spoken);
  auto const assistant = decoded<ItemCreate>(
      R"({"type":"conversation.item.create","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"好"}]}})");
  EXPECT_EQ(assistant.item.speaker, Speaker::assistant);
  EXPECT_FALSE(assistant.after);
  auto const system = decoded<ItemCreate>(
      R"({"type":"conversation.item.create","item":{"type":"message","role":"system","content":[{"type":"input_text","text":"简短"}]}})");
  EXPECT_EQ(system.item.speaker, Speaker::system);
  auto const replayed = decoded<ItemCreate>(
      R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_audio","transcript":"喂"}]}})");
  EXPECT_TRUE(replayed.item.spoken);
  EXPECT_EQ(replayed.item.text, "喂");
}

TEST(ClientMessage, ResponseCreateWithEverything) {
  EXPECT_FALSE(decoded<ResponseCreate>(R"({"type":"response.create"})").outside);
  auto const create = decoded<ResponseCreate>(R"({"type":"response.create","response":{"conversation":"none",
    "output_modalities":["text"],"instructions":"分类","max_output_tokens":12,"metadata":{"主题":"天气"},
    "audio":{"output":{"voice":"marin"}},
    "input":[{"type":"item_reference","id":"item_9"},{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]}]}})");
  EXPECT_TRUE(create.outside);
  EXPECT_EQ(create.speak, false);
  EXPECT_EQ(create.instructions, "分类");
  EXPECT_EQ(create.max_tokens, 12);
  EXPECT_EQ(create.voice, "marin");
  EXPECT_EQ(create.metadata.at("主题"), "天气");
  ASSERT_EQ(create.input->size(), 2U);
  EXPECT_EQ((*create.input)[0].reference, "item_9");
  EXPECT_EQ((*create.input)[1].item->text, "a");
  EXPECT_TRUE(decoded<ResponseCreate>(R"({"type":"response.create","response":{"input":[]}})").input->empty());
}

struct Bad {
  char const *text, *code, *param;
};

TEST(ClientMessage, MalformedOnesNameTheField) {
  for (
      auto const& [text, code, param] : std::vector<Bad>{
          {"", "invalid_json", ""},
          {"{", "invalid_json", ""},
          {"[]", "invalid_json", ""},
          {"\"x\"", "invalid_json", ""},
          {"{\"type\":\"response.cancel\xff\"}", "invalid_json", ""},
          {R"({})", "missing_required_parameter", "type"},
          {R"({"type":7})", "invalid_type", "type"},
          {R"({"type":"foo.bar"})", "invalid_value", "type"},
          {R"({"type":"response.cancel","event_id":5})", "invalid_type", "event_id"},
          {R"({"type":"output_audio_buffer.clear"})", "invalid_value", "type"},
          {R"({"type":"session.update"})", "missing_required_parameter", "session"},
          {R"({"type":"session.update","session":[]})", "invalid_type", "session"},
          {R"({"type":"input_audio_buffer.append"})", "missing_required_parameter", "audio"},
          {R"({"type":"input_audio_buffer.append","audio":"?"})", "invalid_value", "audio"},
          {R"({"type":"input_audio_buffer.append","audio":1})", "invalid_type", "audio"},
          {R"({"type":"conversation.item.create"})", "missing_required_parameter", "item"},
          {R"({"type":"conversation.item.create","item":{}})", "missing_required_parameter", "item.type"},
          {R"({"type":"conversation.item.create","item":{"type":"mcp_call"}})", "unsupported_item", "item.type"},
          {R"({"type":"conversation.item.create","item":{"type":"message"}})", "missing_required_parameter", "item.role"},
          {R"({"type":"conversation.item.create","item":{"type":"message","role":"tool"}})", "invalid_value", "item.role"},
          {R"({"type":"conversation.item.create","item":{"type":"message","role":"user"}})", "missing_required_parameter",
           "item.content"},
          {R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":["x"]}})", "invalid_type",
           "item.content"},
          {R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"output_text","text":"x"}]}})",
           "invalid_value", "item.content[0].type"},
          {R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text"}]}})",
           "missing_required_parameter", "item.content[0].text"},
          {R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_audio","audio":"AA=="}]}})",
           "unsupported_content", "item.content[0].transcript"},
          {R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_image"}]}})",
           "unsupported_content", "item.content[0].type"},
          {R"({"type":"conversation.item.truncate","item_id":"i","content_index":0})", "missing_required_parameter",
           "audio_end_ms"},
          {R"({"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":-1})", "invalid_value",
           "audio_end_ms"},
          {R"({"type":"conversation.item.truncate","item_id":"i","content_index":3,"audio_end_ms":1})", "invalid_value",
           "content_index"},
          {R"({"type":"conversation.item.retrieve"})", "missing_required_parameter", "item_id"},
          {R"({"type":"response.create","response":{"modalities":["text"]}})", "unknown_parameter", "response.modalities"},
          {R"({"type":"response.create","response":{"output_modalities":["text","audio"]}})", "invalid_value",
           "response.output_modalities"},
          {R"({"type":"response.create","response":{"max_output_tokens":0}})", "invalid_value", "response.max_output_tokens"},
          {R"({"type":"response.create","response":{"max_output_tokens":1.5}})", "invalid_type", "response.max_output_tokens"},
          {R"({"type":"response.create","response":{"conversation":"mine"}})", "invalid_value", "response.conversation"},
          {R"({"type":"response.create","response":{"metadata":{"a":1}}})", "invalid_value", "response.metadata"},
          {R"({"type":"response.create","response":{"input":[{"type":"item_reference"}]}})", "missing_required_parameter",
           "response.input[0].id"},
          {R"({"type":"response.create","response":{"audio":{"output":{"format":{"type":"audio/pcmu"}}}}})", "invalid_value",
           "response.audio.output.format.type"},
      }) {
    auto const error = refusal(text);
    EXPECT_EQ(error.code, code) << text;
    EXPECT_EQ(error.param, param) << text;
    EXPECT_FALSE(error.message.empty()) << text;
  }
}

TEST(ClientMessage, UnknownTypeListsTheKnownOnes) {
  EXPECT_THAT(refusal(R"({"type":"会话.更新"})").message, HasSubstr("'会话.更新'"));
  EXPECT_THAT(refusal(R"({"type":"x"})").message, HasSubstr("'response.create'"));
}

TEST(ClientMessage, DepthIsBounded) {
  std::string const deep = R"({"type":"response.cancel","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(refusal(deep).code, "invalid_json");
  std::string const brackets_in_text = R"({"type":"response.cancel","x":")" + std::string(1000, '[') + "\"}";
  EXPECT_TRUE(decode_client_message(brackets_in_text).has_value());
}

}  // namespace
}  // namespace parley::server
