#include "measure/turn.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

namespace parley::measure {
namespace {

using testing::HasSubstr;
using testing::Not;

core::Instant at(int ms) { return core::Instant{} + std::chrono::seconds(100) + std::chrono::milliseconds(ms); }

Turn spoken_turn() {
  Turn turn;
  turn.user_item = "item_u";
  turn.reply_item = "item_r";
  turn.user_text = "今天天气怎么样";
  turn.reply_text = "It is sunny.";
  int const ms[] = {0, 200, 420, 480, 500, 700, 705};
  for (int i = 0; i < stamp_count; ++i) turn.stamp(static_cast<Stamp>(i), at(ms[i]));
  return turn;
}

TEST(Turn, wait_is_from_the_last_voice_to_the_first_byte) {
  auto turn = spoken_turn();
  EXPECT_EQ(turn.wait(), std::chrono::milliseconds(705));
  turn.stamps[static_cast<std::size_t>(Stamp::last_voice)].reset();
  EXPECT_EQ(turn.wait(), std::nullopt);
}

TEST(Turn, the_first_stamp_stays) {
  Turn turn;
  turn.stamp(Stamp::first_token, at(5));
  turn.stamp(Stamp::first_token, at(9));
  EXPECT_EQ(turn.at(Stamp::first_token), at(5));
}

TEST(Turn, json_counts_from_the_last_voice_and_has_no_words) {
  auto const json = to_json(spoken_turn());
  EXPECT_EQ(json, R"({"user_item":"item_u","reply_item":"item_r","last_voice_ms":0.0,"pause_seen_ms":200.0,)"
                  R"("final_transcript_ms":420.0,"commitment_ms":480.0,"first_token_ms":500.0,"first_sample_ms":700.0,)"
                  R"("first_byte_ms":705.0,"wait_ms":705.0,)"
                  R"("work":{"transcripts":0,"transcripts_wasted":0,"answers":0,"answers_wasted":0}})");
  EXPECT_THAT(json, Not(HasSubstr("sunny")));
}

TEST(Turn, json_says_null_of_what_never_came) {
  Turn turn;
  turn.stamp(Stamp::commitment, at(0));
  turn.stamp(Stamp::first_token, at(30));
  auto const json = to_json(turn);
  EXPECT_THAT(json, HasSubstr(R"("last_voice_ms":null)"));
  EXPECT_THAT(json, HasSubstr(R"("first_token_ms":30.0)"));
  EXPECT_THAT(json, HasSubstr(R"("wait_ms":null)"));
}

TEST(Turn, waterfall_has_a_line_of_the_width_for_every_stage) {
  auto const picture = waterfall(spoken_turn(), 72);
  std::istringstream lines(picture);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    ++count;
    auto const columns = std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
    EXPECT_EQ(columns, 72) << line;
  }
  EXPECT_EQ(count, 7);
  EXPECT_THAT(picture, HasSubstr("transcript"));
  EXPECT_THAT(picture, HasSubstr("220 ms"));
  EXPECT_THAT(picture, HasSubstr("705 ms"));
}

TEST(Turn, waterfall_of_a_speculation_overlaps_and_of_nothing_says_so) {
  auto turn = spoken_turn();
  turn.stamps[static_cast<std::size_t>(Stamp::commitment)] = at(900);
  turn.stamps[static_cast<std::size_t>(Stamp::first_byte)] = at(900);
  EXPECT_THAT(waterfall(turn), HasSubstr("900 ms"));
  EXPECT_EQ(waterfall(Turn{}), "nothing was measured\n");
  EXPECT_FALSE(waterfall(turn, 0).empty());
}

}  // namespace
}  // namespace parley::measure
