// What goes beyond what every stock client knows is told to those alone who have asked for it.
#include <gmock/gmock.h>

#include "server/base64.hpp"
#include "server/realtime_session_scenario.hpp"

namespace parley::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(RealtimeSessionTest, TheIdleTimeoutIsToldOnlyToThoseWhoAsked) {
  (void)types();
  tell(IdleTimeout{"item_i", {}, audio::Heard::from_ms(6000)});
  EXPECT_THAT(types(), IsEmpty());
  (void)say(R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":
    {"type":"server_vad","idle_timeout_ms":6000}}}}})");
  (void)types();
  tell(IdleTimeout{"item_i", {}, audio::Heard::from_ms(6000)});
  EXPECT_THAT(types(), ElementsAre("input_audio_buffer.timeout_triggered"));
}

TEST_F(RealtimeSessionTest, TimingsAreToldOnlyToThoseWhoAsked) {
  measure::Turn turn;
  turn.user_item = "item_u";
  turn.stamp(measure::Stamp::last_voice, core::Instant{});
  turn.stamp(measure::Stamp::first_byte, core::Instant{} + std::chrono::milliseconds(700));
  (void)types();
  tell(TurnMeasured{turn});
  EXPECT_THAT(types(), IsEmpty());
  say(R"({"type":"session.update","session":{"type":"realtime","parley":{"timings":true}}})");
  EXPECT_THAT(types(), ElementsAre("session.updated"));
  Json const measured = Json::parse(session_.tell(TurnMeasured{turn}).at(0).text);  // no event for the strict check
  EXPECT_EQ(measured["type"], "parley.turn.measured");
  EXPECT_EQ(measured["turn"]["user_item"], "item_u");
  EXPECT_EQ(measured["turn"]["wait_ms"], 700);
}

TEST_F(RealtimeSessionTest, GroundsAreToldOnlyToThoseWhoAsked) {
  language::Grounds grounds;
  grounds.sources.push_back({"faq.md", "FAQ", "保修三年。", 40, 45, 2});
  grounds.citations.push_back({1, 5, 8});
  grounds.claims.push_back({0, 5, "contradicted", "", 0.8, 1, 0, 5, {"number"}});
  begin_reply(1, "item_a");
  (void)types();
  tell(ReplyGrounds{{1}, grounds});
  EXPECT_THAT(types(), IsEmpty());
  say(R"({"type":"session.update","session":{"type":"realtime","parley":{"grounds":true}}})");
  Json const told = Json::parse(session_.tell(ReplyGrounds{{1}, grounds}).at(0).text);  // no event for the strict check
  EXPECT_EQ(told["type"], "parley.response.grounds");
  EXPECT_EQ(told["item_id"], "item_a");
  EXPECT_EQ(told["grounds"]["sources"][0]["number"], 1);
  EXPECT_EQ(told["grounds"]["sources"][0]["page"], 2);
  EXPECT_EQ(told["grounds"]["citations"][0], Json({{"number", 1}, {"begin", 5}, {"end", 8}}));
  EXPECT_EQ(told["grounds"]["claims"][0]["evidence"], Json({{"number", 1}, {"begin", 0}, {"end", 5}}));
  EXPECT_EQ(language::grounds_from_json(told["grounds"]), grounds);
}

TEST_F(RealtimeSessionTest, OpusForWhoAsks) {
  say(R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/opus"}}}}})");
  EXPECT_EQ(last("session.updated")["session"]["audio"]["input"]["format"], Json::parse(R"({"type":"audio/opus"})"));
  std::string packet;
  append_base64(packet, audio::OpusWriter().push(audio::Samples(480, 0.1F)).front());
  for (auto const& bytes : {packet, std::string("////"), packet}) {
    say(R"({"type":"input_audio_buffer.append","event_id":"mine","audio":")" + bytes + "\"}");
  }
  EXPECT_EQ(last("error")["error"]["param"], "audio") << "what is no packet is said";
  EXPECT_EQ(last("error")["error"]["event_id"], "mine");
  EXPECT_EQ(sound_, 640U) << "and the others are heard";
}

}  // namespace
}  // namespace parley::server
