#include "engine/ggml/sequence_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::engine {
namespace {

using Tokens = std::vector<SequenceCache::Token>;
constexpr std::size_t any = 1000;

/// Claims, reads the rest of the prompt and what follows it, and leaves.
SequenceCache::Claim use(SequenceCache& cache, Tokens const& prompt, Tokens const& answer = {}) {
  auto const claim = cache.claim(prompt, prompt.size() - 1);
  EXPECT_TRUE(claim);
  cache.append(claim->sequence, std::span(prompt).subspan(claim->kept));
  cache.append(claim->sequence, answer);
  cache.release(claim->sequence);
  return *claim;
}

TEST(SequenceCache, TheNextTurnContinuesItsOwnSequence) {
  SequenceCache cache(4);
  auto const first = use(cache, {1, 2, 3}, {7, 8});
  EXPECT_EQ(first.kept, 0U);
  auto const second = use(cache, {1, 2, 3, 7, 8, 4, 5});
  EXPECT_EQ(second.sequence, first.sequence);
  EXPECT_EQ(second.kept, 5U);
  EXPECT_FALSE(second.from);
}

TEST(SequenceCache, AnotherCallForksTheSharedBeginning) {
  SequenceCache cache(4);
  auto const first = use(cache, {1, 2, 3, 4, 5, 6});
  auto const second = use(cache, {1, 2, 3, 9, 9});
  EXPECT_NE(second.sequence, first.sequence);
  EXPECT_EQ(second.kept, 3U);
  EXPECT_EQ(second.from, first.sequence);
  EXPECT_THAT(cache.tokens(first.sequence), testing::ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(cache.tokens(second.sequence), testing::ElementsAre(1, 2, 3, 9, 9));
}

TEST(SequenceCache, ASequenceInUseCanBeForkedButNotTaken) {
  SequenceCache cache(2);
  Tokens const prompt{1, 2, 3};
  auto const first = cache.claim(prompt, any);
  ASSERT_TRUE(first);
  cache.append(first->sequence, prompt);
  auto const second = cache.claim(prompt, 2);
  ASSERT_TRUE(second);
  EXPECT_NE(second->sequence, first->sequence);
  EXPECT_EQ(second->kept, 2U);
  EXPECT_EQ(second->from, first->sequence);
  EXPECT_FALSE(cache.claim(prompt, any)) << "both are in use";
}

TEST(SequenceCache, TheSamePromptAgainReadsItsLastTokenOnly) {
  SequenceCache cache(3);
  auto const first = use(cache, {1, 2, 3});
  auto const second = use(cache, {1, 2, 3});
  EXPECT_EQ(second.kept, 2U);
  EXPECT_EQ(second.sequence, first.sequence);
}

TEST(SequenceCache, TheLongestUnusedMakesRoomAndTheForkedPrefixDoesNot) {
  SequenceCache cache(3);
  auto const role = use(cache, {1, 1, 1, 1});
  auto const other = use(cache, {2, 2, 2, 2});
  auto const third = use(cache, {3, 3, 3, 3});
  auto const forked = use(cache, {1, 1, 5, 5, 5});  // must not overwrite the role it forks, which is the oldest
  EXPECT_EQ(forked.from, role.sequence);
  EXPECT_EQ(forked.sequence, other.sequence);
  auto const next = use(cache, {9, 9});
  EXPECT_EQ(next.sequence, third.sequence);
  EXPECT_EQ(next.kept, 0U);
}

TEST(SequenceCache, TheOnlyIdleOneIsCut) {
  SequenceCache cache(1);
  use(cache, {1, 2, 3, 4, 5});
  auto const claim = use(cache, {1, 2, 9});
  EXPECT_EQ(claim.kept, 2U);
  EXPECT_FALSE(claim.from);
  EXPECT_THAT(cache.tokens(claim.sequence), testing::ElementsAre(1, 2, 9));
}

TEST(SequenceCache, TheLongestIdleIsNeverOneInUse) {
  SequenceCache cache(3);
  auto const a = use(cache, {1, 1});
  auto const b = use(cache, {2, 2});
  Tokens const prompt{3, 3};
  auto const busy = cache.claim(prompt, any);
  cache.append(busy->sequence, prompt);
  EXPECT_EQ(cache.idle_tokens(), 4U);
  EXPECT_EQ(cache.longest_idle(), a.sequence);
  cache.forget(a.sequence);
  EXPECT_EQ(cache.longest_idle(), b.sequence);
  cache.forget(b.sequence);
  EXPECT_FALSE(cache.longest_idle());
  EXPECT_EQ(cache.idle_tokens(), 0U);
  cache.forget(busy->sequence);
  EXPECT_TRUE(cache.tokens(busy->sequence).empty());
}

TEST(SequenceCache, WhatOneAdapterReadIsNotKnownToAnother) {
  SequenceCache cache(4);
  auto const plain = use(cache, {1, 2, 3, 4});
  EXPECT_EQ(cache.known(Tokens{1, 2, 3, 4}, 1), 0U);
  auto const adapted = cache.claim(Tokens{1, 2, 3, 4}, any, 1);
  ASSERT_TRUE(adapted);
  EXPECT_NE(adapted->sequence, plain.sequence);
  EXPECT_EQ(adapted->kept, 0U);
  cache.append(adapted->sequence, Tokens{1, 2, 3, 4});
  cache.release(adapted->sequence);
  EXPECT_EQ(cache.known(Tokens{1, 2, 3, 9}, 1), 3U);
  EXPECT_EQ(cache.claim(Tokens{1, 2, 3, 9}, any, 1)->from, std::nullopt);  // one token of its own tail is given up
  EXPECT_EQ(cache.claim(Tokens{1, 2, 3, 4, 5}, any)->sequence, plain.sequence);
}

}  // namespace
}  // namespace parley::engine
