#include "cloud/volcengine/verdict.hpp"

#include <gmock/gmock.h>

namespace parley::cloud::volcengine {
namespace {

using core::Code;

TEST(Verdict, EveryCodeOfTheTablesHasItsReaction) {
  struct Row {
    std::uint32_t code;
    char const* message;
    Reaction reaction;
    Code means;
  };
  using enum Reaction;
  for (auto const& [code, message, reaction, means] : {
           // recognition
           Row{20000000, "ok", fine, Code::internal},
           Row{20000003, "", no_speech, Code::invalid},
           Row{45000000, "", set_up, Code::internal},
           Row{45000001, "missing field", set_up, Code::internal},
           Row{45000002, "empty audio", no_speech, Code::invalid},
           Row{45000010, "Invalid X-Api-Key", set_up, Code::permission},
           Row{45000030, "requested resource not granted", set_up, Code::permission},
           Row{45000081, "[Timeout waiting next packet]", reopen, Code::deadline},
           Row{45000151, "bad format", set_up, Code::internal},
           Row{55000000, "timeout", reopen, Code::unavailable},
           Row{55000001, "", reopen, Code::unavailable},
           Row{55000031, "busy", wait, Code::busy},
           Row{55099999, "", reopen, Code::unavailable},  // 550xxxxx: internal
           // synthesis v3
           Row{45000000, "quota exceeded for types: concurrency", wait, Code::busy},
           Row{45000000, "speaker permission denied: get resource id: access denied", set_up, Code::permission},
           Row{45000001, "speaker not found", set_up, Code::not_found},
           Row{45000001, "empty text", give_up, Code::invalid},
           Row{45000001, "InvalidModel", set_up, Code::internal},
           Row{45000001, "InvalidDialect", set_up, Code::internal},
           Row{45000000, "payload unmarshal: invalid character", set_up, Code::internal},
           Row{55000000, "StartConnection is not allowed here", reopen, Code::unavailable},
           Row{45002000, "", set_up, Code::not_found},
           Row{45002001, "", give_up, Code::invalid},
           Row{40402003, "TTSExceededTextLimit", give_up, Code::invalid},
           Row{40200011, "", wait, Code::busy},
           Row{40200012, "", wait, Code::busy},
           Row{55000000, "resource ID is mismatched with speaker related resource", set_up, Code::not_found},
           // synthesis v1
           Row{3000, "Success", fine, Code::internal},
           Row{3001, "", set_up, Code::internal},
           Row{3003, "", wait, Code::busy},
           Row{3005, "", wait, Code::busy},
           Row{3006, "", reopen, Code::conflict},
           Row{3010, "", give_up, Code::invalid},
           Row{3011, "", give_up, Code::invalid},
           Row{3030, "", reopen, Code::deadline},
           Row{3031, "", reopen, Code::unavailable},
           Row{3032, "", reopen, Code::deadline},
           Row{3040, "", reopen, Code::unavailable},
           Row{3050, "", set_up, Code::not_found},
           // realtime dialogue
           Row{45000003, "abnormal silence", reopen, Code::deadline},
           Row{42000020, "", set_up, Code::internal},
           Row{50000000, "AudioQueryError", reopen, Code::unavailable},
           Row{50700000, "CallWithTimeout", reopen, Code::deadline},
           Row{52000011, "", reopen, Code::deadline},
           Row{52000016, "", reopen, Code::deadline},
           Row{52000022, "", reopen, Code::unavailable},
           Row{52000035, "", reopen, Code::unavailable},
           Row{52000042, "DialogAudioIdleTimeoutError", reopen, Code::deadline},
           Row{55000001, "InvalidSpeaker", set_up, Code::not_found},
           Row{55000001, "ServerError", reopen, Code::unavailable},
           Row{55000001, "ContextCanceled", reopen, Code::unavailable},
           Row{55000001, "ExceededConcurrentDurationLimit", wait, Code::busy},
           Row{55000030, "", elsewhere, Code::unavailable},
           Row{55002070, "", reopen, Code::unavailable},
           Row{40000010, "empty conversation deleted messages", give_up, Code::invalid},
           Row{99, "", elsewhere, Code::unavailable},
       }) {
    auto const said = verdict(code, message);
    EXPECT_EQ(said.reaction, reaction) << code << " " << message;
    EXPECT_EQ(said.code, means) << code << " " << message;
    EXPECT_EQ(reaction == fine, std::string_view(said.advice).empty()) << code;
  }
}

TEST(Verdict, ReadsEveryFormInWhichACodeComes) {
  EXPECT_EQ(read_said(R"({"header":{"reqid":"r","code":45000010,"message":"Invalid X-Api-Key"}})").code, 45000010U);
  EXPECT_EQ(read_said(R"({"code":45000030,"message":"m"})").message, "m");
  EXPECT_EQ(read_said(R"({"status_code":"52000042","message":"m"})").code, 52000042U);
  EXPECT_EQ(read_said(R"({"error":"quota exceeded"})").message, "quota exceeded");
  EXPECT_EQ(read_said("plain words").message, "plain words");
  EXPECT_EQ(read_said("[1]").code, 0U);
  EXPECT_EQ(read_said(R"({"code":{},"message":7})").code, 0U);
}

TEST(Verdict, ARefusedUpgradeIsReadByItsBodyAndElseByItsStatus) {
  EXPECT_EQ(refused(403, {45000030, "requested resource not granted"}).code, Code::permission);
  EXPECT_EQ(refused(401, {}).code, Code::permission);
  EXPECT_EQ(refused(404, {}).code, Code::not_found);
  EXPECT_EQ(refused(429, {}).reaction, Reaction::wait);
  EXPECT_EQ(refused(503, {}).reaction, Reaction::reopen);
}

}  // namespace
}  // namespace parley::cloud::volcengine
