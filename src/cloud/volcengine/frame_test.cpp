#include "cloud/volcengine/frame.hpp"

#include <gmock/gmock.h>

#include <random>

#include "cloud/volcengine/event.hpp"
#include "cloud/volcengine/gzip.hpp"

namespace parley::cloud::volcengine {
namespace {

std::string unhex(std::string_view hex) {
  std::string bytes, digits;
  for (char const c : hex) {
    if (c == ' ' || c == '|') continue;
    digits.push_back(c);
    if (digits.size() == 2) {
      bytes.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
      digits.clear();
    }
  }
  return bytes;
}

struct Vector {
  std::string what;
  Frame frame;
  std::string hex;
};

Frame request(std::string payload) { return {.payload = std::move(payload)}; }

Frame sound(std::string payload) {
  return {.type = MessageType::audio_request, .serialization = Serialization::raw, .payload = std::move(payload)};
}

Frame reply(std::int32_t sequence, bool last, std::string payload) {
  return {.type = MessageType::full_response, .last = last, .sequence = sequence, .payload = std::move(payload)};
}

Frame event(MessageType type, std::int32_t number, std::optional<std::string> id, std::string payload) {
  return {.type = type,
          .serialization = type == MessageType::full_request || type == MessageType::full_response ? Serialization::json
                                                                                                   : Serialization::raw,
          .event = number,
          .id = std::move(id),
          .payload = std::move(payload)};
}

Frame with_sequence(Frame frame, std::int32_t sequence, bool last = false) {
  frame.sequence = sequence;
  frame.last = last;
  return frame;
}

Frame last(Frame frame) {
  frame.last = true;
  return frame;
}

Frame failure(std::uint32_t code, std::string payload) {
  return {.type = MessageType::error, .code = code, .payload = std::move(payload)};
}

std::vector<Vector> vectors() {
  using enum MessageType;
  std::string const wav(6400, '\x07');
  std::string wav_hex;
  for (int i = 0; i < 6400; ++i) wav_hex += "07";
  return {
      {"recognition, request A", request(R"({"request":{"model_name":"bigmodel"}})"),
       "11101000000000257b2272657175657374223a7b226d6f64656c5f6e616d65223a226269676d6f64656c227d7d"},
      {"recognition, first reply", reply(1, false, R"({"result":{"additions":{"log_id":"L"}}})"),
       "1191100000000001000000277b22726573756c74223a7b226164646974696f6e73223a7b226c6f675f6964223a224c227d7d7d"},
      {"recognition, last reply", reply(-3, true, R"({"audio_info":{"duration":600},"result":{"text":"你好"}})"),
       "11931000fffffffd0000003a7b22617564696f5f696e666f223a7b226475726174696f6e223a3630307d2c22726573756c74223a7b2274657874"
       "223a22e4bda0e5a5bd227d7d"},
      {"error 45000081", failure(45000081, R"({"error":"x"})"), "11f0100002aea5910000000d7b226572726f72223a2278227d"},
      {"error 45000000", failure(45000000, R"({"error":"quota exceeded for types: concurrency"})"),
       "11f0100002aea540000000317b226572726f72223a2271756f746120657863656564656420666f722074797065733a20636f6e63757272656e63792"
       "2"
       "7d"},
      {"350", event(full_response, 350, "sess-1", R"({"text":"你好"})"),
       "119410000000015e00000006736573732d31000000117b2274657874223a22e4bda0e5a5bd227d"},
      {"152", event(full_response, 152, "sess-1", R"({"status_code":20000000,"message":"ok"})"),
       "119410000000009800000006736573732d31000000277b227374617475735f636f6465223a32303030303030302c226d657373616765223a226f6b2"
       "2"
       "7d"},
      {"352", event(audio_response, 352, "sess-1", std::string("\x01\x00\x02\x00", 4)),
       "11b400000000016000000006736573732d310000000401000200"},
      {"450", event(full_response, 450, "sess-1", R"({"question_id":"q1"})"),
       "11941000000001c200000006736573732d31000000147b227175657374696f6e5f6964223a227131227d"},
      {"451", event(full_response, 451, "sess-1", R"({"results":[{"text":"你好","is_interim":false}]})"),
       "11941000000001c300000006736573732d31000000327b22726573756c7473223a5b7b2274657874223a22e4bda0e5a5bd222c2269735f696e74657"
       "269"
       "6d223a66616c73657d5d7d"},
      {"300", event(full_request, 300, "sess-1", R"({"content":"嗨"})"),
       "111410000000012c00000006736573732d31000000117b22636f6e74656e74223a22e597a8227d"},
      {"realtime 200", event(audio_request, 200, "sess-1", std::string(2, '\0')),
       "11240000000000c800000006736573732d31000000020000"},
      {"1", event(full_request, 1, std::nullopt, "{}"), "1114100000000001000000027b7d"},
      {"2", event(full_request, 2, std::nullopt, "{}"), "1114100000000002000000027b7d"},
      {"50", event(full_response, 50, "bxnweiu", "{}"), "11941000 00000032 00000007 62786e77656975 00000002 7b7d"},
      {"150", event(full_response, 150, "sess-1", "{}"), "11941000 00000096 00000006 736573732d31 00000002 7b7d"},
      {"102", event(full_request, 102, "sess-1", "{}"), "11141000 00000066 00000006 736573732d31 00000002 7b7d"},
      {"400", event(full_request, 400, "sess-1", "{}"), "11141000 00000190 00000006 736573732d31 00000002 7b7d"},
      {"100 of the demo", event(full_request, 100, "fixture-session", "{}"),
       "11141000 00000064 0000000f 666978747572652d73657373696f6e 00000002 7b7d"},
      {"sound, dialect A", sound(wav), "11200000 00001900" + wav_hex},
      {"sound, dialect C", with_sequence(sound(wav), 2), "11210000 00000002 00001900" + wav_hex},
      {"last, empty, dialect A and B", last(sound("")), "11220000 00000000"},
      {"last, empty, dialect C", with_sequence(sound(""), -3, true), "11230000 fffffffd 00000000"},
      {"synthesis v1, a block",
       {.type = audio_response, .serialization = Serialization::raw, .sequence = 1, .payload = "abc"},
       "11b10000 00000001 00000003 616263"},
      {"synthesis v1, the last",
       {.type = audio_response, .serialization = Serialization::raw, .last = true, .sequence = -2, .payload = "abc"},
       "11b30000 fffffffe 00000003 616263"},
  };
}

TEST(Frame, ReproducesTheVectorsByteForByteInBothDirections) {
  for (auto const& [what, frame, hex] : vectors()) {
    EXPECT_EQ(encode(frame), unhex(hex)) << what;
    auto const read = decode(unhex(hex));
    ASSERT_TRUE(read) << what << ": " << read.error().message;
    EXPECT_EQ(*read, frame) << what;
  }
}

TEST(Frame, GzipGoesThereAndBackForEveryVector) {
  for (auto const& vector : vectors()) {
    auto frame = vector.frame;
    frame.compression = Compression::gzip;
    auto const bytes = encode(frame);
    EXPECT_EQ(static_cast<unsigned char>(bytes[2]) & 0xFU, 1U) << vector.what;
    auto const read = decode(bytes);
    ASSERT_TRUE(read) << vector.what;
    EXPECT_EQ(*read, frame) << vector.what;
  }
  auto const empty = decode(unhex("11200100 00000000"));  // size 0 under the gzip nibble is seen in the field
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->payload, "");
}

TEST(Frame, TakesWhatIsKnownToVary) {
  EXPECT_EQ(decode(unhex("11f01000 02aea540 7b7d"))->payload, "{}");      // an error without its size
  auto const refused = decode(unhex("11941000 00000033 00000002 7b7d"));  // 51 as one string
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->payload, "{}");
  EXPECT_EQ(refused->id, std::nullopt);
  EXPECT_EQ(decode(unhex("11941000 00000032 00000000 00000002 7b7d"))->id, "");
  EXPECT_EQ(decode(unhex("12101000 deadbeef 00000002 7b7d"))->payload, "{}");  // a longer header
  EXPECT_EQ(decode(unhex("11b00000"))->payload, "");                           // an acknowledgement
  EXPECT_EQ(decode(unhex("11f01100 02aea540 00000002 7b7d"))->payload, "{}");  // an error that is not packed as it says
  EXPECT_EQ(decode(unhex("11b41000 00000160 00000001 73 00000001 07"))->serialization, Serialization::json);
}

TEST(Frame, NoPrefixAndNoByteTooManyIsAFrame) {
  for (auto const& [what, frame, hex] : vectors()) {
    auto const bytes = unhex(hex);
    if (frame.type != MessageType::error) {
      for (std::size_t n = 0; n < bytes.size(); n += bytes.size() > 1000 ? 97 : 1) {
        auto const part = decode(bytes.substr(0, n));
        // Cut right behind an id, a connection event reads as one with a payload only.
        EXPECT_TRUE(!part || (frame.event && is_connection_event(*frame.event))) << what << " at " << n;
      }
      EXPECT_FALSE(decode(bytes + "x")) << what;
    }
  }
  EXPECT_EQ(decode(unhex("21101000 00000002 7b7d")).error().code, core::Code::invalid);
  EXPECT_EQ(decode(unhex("10101000 00000002 7b7d")).error().code, core::Code::invalid);
  EXPECT_EQ(decode(unhex("11301000 00000002 7b7d")).error().code, core::Code::invalid);
  EXPECT_EQ(decode(unhex("11101000 ffffffff 7b7d")).error().code, core::Code::invalid);
  EXPECT_EQ(decode(unhex("11101100 00000002 7b7d")).error().code, core::Code::invalid);  // says gzip and is not
}

TEST(Frame, ABombIsRefused) {
  Frame frame = request(std::string(std::size_t{4} << 20U, 'a'));
  frame.compression = Compression::gzip;
  auto const bytes = encode(frame);
  ASSERT_LT(bytes.size(), 100'000U);
  EXPECT_EQ(decode(bytes, std::size_t{1} << 20U).error().code, core::Code::too_large);
  EXPECT_EQ(decode(std::string(100, 'x'), 50).error().code, core::Code::too_large);
}

TEST(Frame, DamagedFramesAreReadOrRefusedAndNothingElse) {
  std::mt19937 random(20240726);
  auto const known = vectors();
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = unhex(known[random() % 18].hex);
    for (unsigned n = random() % 4; n != 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    auto const frame = decode(bytes);
    if (!frame) continue;
    ++read;
    if (frame->type == MessageType::error) continue;
    EXPECT_EQ(decode(encode(*frame)), *frame);
  }
  EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace parley::cloud::volcengine
