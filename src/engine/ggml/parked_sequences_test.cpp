#include "engine/ggml/parked_sequences.hpp"

#include <gtest/gtest.h>

namespace parley::engine {
namespace {

using Tokens = std::vector<ParkedSequences::Token>;

ParkedSequences::Parked parked(Tokens tokens, std::size_t bytes = 10, int adapter = 0) {
  return {std::move(tokens), adapter, std::vector<std::uint8_t>(bytes)};
}

TEST(ParkedSequences, TheLongestBeginningIsFoundInTheShortestSequence) {
  ParkedSequences all;
  all.put(parked({1, 2, 3, 4, 5, 6, 7, 8, 9}), 100);
  all.put(parked({1, 2, 3, 7}), 100);
  all.put(parked({1, 2, 3, 4, 5}, 10, 1), 100);
  EXPECT_EQ(all.find(Tokens{1, 2, 3, 4, 6}, 0).known, 4U);
  auto const shortest = all.find(Tokens{1, 2, 3, 9}, 0);
  EXPECT_EQ(shortest.known, 3U);
  EXPECT_EQ(shortest.where->tokens, (Tokens{1, 2, 3, 7}));
  EXPECT_EQ(all.find(Tokens{1, 2, 3, 4, 5, 6}, 1).known, 5U) << "only what its own adapter has read";
  EXPECT_EQ(all.find(Tokens{5}, 0).where, nullptr);
}

TEST(ParkedSequences, WhatGrowsTakesThePlaceOfItsBeginning) {
  ParkedSequences all;
  all.put(parked({1, 2, 3}), 100);
  all.put(parked({1, 2, 3, 4}), 100);
  EXPECT_EQ(all.size(), 1U);
  EXPECT_EQ(all.bytes(), 10U);
  EXPECT_TRUE(all.holds(Tokens{1, 2, 3}, 0));
  EXPECT_FALSE(all.holds(Tokens{1, 2, 3}, 1));
  EXPECT_FALSE(all.holds(Tokens{1}, 0)) << "four times as long: a beginning of many is kept by itself";
  all.put(parked({1}), 100);
  EXPECT_EQ(all.size(), 2U);
}

TEST(ParkedSequences, TheOneUsedLongestAgoGoesFirst) {
  ParkedSequences all;
  all.put(parked({1, 1}), 30);
  all.put(parked({2, 2}), 30);
  all.put(parked({3, 3}), 30);
  EXPECT_TRUE(all.holds(Tokens{1, 1}, 0));
  all.put(parked({4, 4}), 30);
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(all.bytes(), 30U);
  EXPECT_EQ(all.find(Tokens{2}, 0).where, nullptr);
  EXPECT_NE(all.find(Tokens{1}, 0).where, nullptr);
  all.put(parked({5, 5}, 31), 30);
  EXPECT_EQ(all.size(), 0U) << "what does not fit is not kept, nor what it pushed out";
}

}  // namespace
}  // namespace parley::engine
