#include "server/sound_format.hpp"

#include <gtest/gtest.h>

namespace parley::server {
namespace {

constexpr SoundFormat all[] = {SoundFormat::pcm, SoundFormat::pcmu, SoundFormat::pcma, SoundFormat::opus};

TEST(SoundFormat, what_is_written_in_any_format_can_be_read_and_is_as_long) {
  for (auto const format : all) {
    SoundWriter writer(format);
    SoundReader reader(format);
    std::size_t heard = 0;
    auto const read = [&](SoundWriter::Pieces const& pieces) {
      for (auto const& piece : pieces) {
        auto const samples = reader.push(piece);
        ASSERT_TRUE(samples);
        heard += samples->size();
      }
    };
    for (int i = 0; i < 10; ++i) read(writer.push(audio::Samples(2410, 0.1F)));
    read(writer.finish());
    heard += reader.finish().size();
    // An Opus packet is filled up, a filter ends within a few samples.
    EXPECT_NEAR(static_cast<double>(heard), 24'100 * 2.0 / 3, 320) << static_cast<int>(format);
  }
}

TEST(SoundFormat, pieces_are_at_most_100_ms_and_whole_samples) {
  auto const pieces = SoundWriter(SoundFormat::pcm).push(audio::Samples(12'001, 0.25F));
  EXPECT_EQ(pieces.size(), 6U);
  for (auto const& piece : pieces) {
    EXPECT_EQ(piece.size() % 2, 0U);
    EXPECT_LE(piece.size(), 4800U);
  }
  EXPECT_TRUE(SoundWriter(SoundFormat::pcma).push({}).empty());
}

}  // namespace
}  // namespace parley::server
