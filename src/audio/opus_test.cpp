#include "audio/opus.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace parley::audio {
namespace {

Samples tone(float hz, int rate, int ms) {
  Samples out(static_cast<std::size_t>(rate) * static_cast<std::size_t>(ms) / 1000);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = 0.3F * std::sin(2 * std::numbers::pi_v<float> * hz * static_cast<float>(i) / static_cast<float>(rate));
  }
  return out;
}

double crossings_per_second(std::span<float const> sound, int rate) {
  int crossings = 0;
  for (std::size_t i = 1; i < sound.size(); ++i) crossings += (sound[i - 1] < 0) != (sound[i] < 0) ? 1 : 0;
  return crossings * static_cast<double>(rate) / static_cast<double>(sound.size());
}

TEST(Opus, what_is_written_can_be_read_and_is_a_tenth_as_long) {
  OpusWriter writer;
  OpusReader reader;
  auto const sound = tone(400, spoken_hz, 1010);
  std::vector<std::string> packets;
  for (std::size_t at = 0; at < sound.size(); at += 1000) {  // pieces that are no packets
    for (auto& each : writer.push(std::span(sound).subspan(at, std::min<std::size_t>(1000, sound.size() - at)))) {
      packets.push_back(std::move(each));
    }
  }
  EXPECT_EQ(packets.size(), 50U);
  for (auto& each : writer.finish()) packets.push_back(std::move(each));
  EXPECT_EQ(packets.size(), 51U);
  EXPECT_TRUE(writer.finish().empty());
  Samples heard;
  std::size_t bytes = 0;
  for (auto const& each : packets) {
    bytes += each.size();
    auto const samples = reader.push(each);
    ASSERT_TRUE(samples);
    heard.insert(heard.end(), samples->begin(), samples->end());
  }
  EXPECT_EQ(heard.size(), 51U * 320);
  EXPECT_LT(bytes, sound.size() * 2 / 10);
  EXPECT_NEAR(crossings_per_second(std::span(heard).subspan(3200, 9600), heard_hz), 800, 20);
}

TEST(Opus, what_is_no_packet_is_said_and_ends_nothing) {
  OpusReader reader;
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 300, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    auto const samples = reader.push(bytes);
    refused += samples ? 0 : 1;
    EXPECT_LE(samples.value_or(Samples{}).size(), 120U * 16);
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(reader.push("")->size(), 0U);
  OpusWriter writer;
  auto const packets = writer.push(tone(400, spoken_hz, 20));
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_TRUE(reader.push(packets.front()));
}

}  // namespace
}  // namespace parley::audio
