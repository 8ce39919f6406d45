// The scheduler on a model of random weights: what is asked of it is as in earnest, what it writes is nonsense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <numeric>
#include <random>

#include "engine/ggml/llama_context.hpp"
#include "engine/ggml/test_llama.hpp"
#include "engine/ggml/test_together.hpp"

namespace parley::engine {
namespace {

using language::GenerateRequest;

std::string letters(std::mt19937& chance, std::size_t count) {
  std::string text(count, ' ');
  for (auto& each : text) each = static_cast<char>('a' + chance() % 26);
  return text;
}

class LlamaSchedulerTest : public ::testing::Test {
 protected:
  std::shared_ptr<Llama> load(LlamaOptions options) {
    auto loaded = Llama::load(files_.model(5), arbiter_, std::move(options));
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded.value_or(nullptr);
  }
  /// Told by a step that runs behind them: whoever waits for an answer is told of it before the step that gave it is counted.
  std::uint64_t steps_so_far() {
    auto const count = std::make_shared<std::packaged_task<std::uint64_t()>>([this] { return arbiter_.load().steps; });
    auto steps = count->get_future();
    auto const job = arbiter_.submit(core::Urgency::background, [count](std::stop_token) {
      (*count)();
      return Step::done;
    });
    return steps.get();
  }
  TestLlamaFiles files_;
  Arbiter arbiter_;
};

// 2000 requests with twelve beginnings, and among them 500 and more that are given up: while they wait, while their prompt is
// read, while they are answered. Nobody else may be told anything else for it.
TEST_F(LlamaSchedulerTest, CancellingNeverChangesAnotherAnswer) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t count = 200, given_up = 60, least_given_up = 40;  // a tenth of the speed
#else
  constexpr std::size_t count = 2000, given_up = 600, least_given_up = 500;
#endif
  auto const llama = load({.context_tokens = 256, .total_tokens = 2048, .queue = count, .prefill = 32, .threads = 1});
  ASSERT_TRUE(llama);
  std::mt19937 chance(20);
  std::vector<std::string> beginnings;
  for (int i = 0; i < 12; ++i) beginnings.push_back(letters(chance, 20 + chance() % 50));
  std::vector<GenerateRequest> requests;
  for (std::size_t i = 0; i < count; ++i) {
    requests.push_back(
        raw(beginnings[chance() % beginnings.size()] + letters(chance, 2 + chance() % 24), 2 + static_cast<int>(chance() % 4)));
  }
  Together together(*llama, arbiter_);
  auto const undisturbed = together.run(requests);

  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[chance() % i]);
  std::vector<bool> victim(count, false);
  for (std::size_t i = 0; i < given_up; ++i) victim[order[i]] = true;
  std::multimap<std::pair<std::size_t, int>, std::size_t> plan;  // request and piece → who is given up then
  for (std::size_t i = 0; i < given_up; ++i) {
    std::size_t const who = order[i];
    switch (i % 3) {
      case 0:  // by himself, while he is answered
        plan.insert({{who, 1 + static_cast<int>(chance() % 2)}, who});
        break;
      case 1:  // while somebody shortly before him is answered: he is being read, or about to be
        plan.insert({{who - std::min<std::size_t>(who, chance() % 16), 1}, who});
        break;
      default:  // long before his turn
        plan.insert({{chance() % (who + 1), 1}, who});
    }
  }
  std::size_t done = 0;
  auto const disturbed = together.run(requests, [&](std::size_t request, int piece) {
    auto const [first, last] = plan.equal_range({request, piece});
    for (auto each = first; each != last; ++each) done += together.cancel(each->second) ? 1 : 0;
  });

  EXPECT_GE(done, least_given_up);
  std::size_t judged = 0, said = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!disturbed[i].ended()) {
      EXPECT_TRUE(victim[i]) << i;
      EXPECT_TRUE(undisturbed[i].near_tie || undisturbed[i].text.starts_with(disturbed[i].text)) << i;
      continue;
    }
    ASSERT_TRUE(disturbed[i].finish && undisturbed[i].finish) << i;
    if (undisturbed[i].near_tie) continue;
    ++judged;
    said += disturbed[i].text.size();
    EXPECT_EQ(disturbed[i].text, undisturbed[i].text) << i;
    EXPECT_EQ(disturbed[i].finish->usage.completion_tokens, undisturbed[i].finish->usage.completion_tokens) << i;
  }
  EXPECT_GE(judged, (count - given_up) * 2 / 3) << "most answers have to be fit for comparing";
  EXPECT_GE(said, judged) << "there have to be answers to compare";
}

// Tokens of random answers foretold from random prompts are nearly all wrong: nothing else may be written for it.
TEST_F(LlamaSchedulerTest, WhatIsForetoldWronglyIsNotWritten) {
  std::mt19937 chance(7);
  std::vector<GenerateRequest> requests;
  for (int i = 0; i < 100; ++i) {
    auto const verse = letters(chance, 6 + chance() % 6);
    requests.push_back(raw(verse + verse + verse, 3 + static_cast<int>(chance() % 20)));
  }
  for (std::size_t i = 0; i < 20; ++i) requests[i].sampling.stop = {"a", "b"};
  auto const run = [&](bool lookup) {
    auto const llama =
        load({.context_tokens = 256, .sequences = 3, .queue = 100, .prefill = 32, .threads = 1, .lookup = lookup});
    return Together(*llama, arbiter_).run(requests);
  };
  auto const plain = run(false), foretold = run(true);
  std::size_t judged = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(plain[i].finish && foretold[i].finish) << i;
    EXPECT_LE(foretold[i].finish->usage.completion_tokens, requests[i].sampling.max_tokens);
    if (plain[i].near_tie || foretold[i].near_tie) continue;
    ++judged;
    EXPECT_EQ(foretold[i].text, plain[i].text) << i;
    EXPECT_EQ(foretold[i].finish->usage.completion_tokens, plain[i].finish->usage.completion_tokens) << i;
    EXPECT_EQ(foretold[i].finish->reason, plain[i].finish->reason) << i;
  }
  EXPECT_GT(judged, 30U);
}

TEST_F(LlamaSchedulerTest, WhatIsForetoldRightlyTakesFewerSteps) {
  std::mt19937 chance(8);
  auto const verse = letters(chance, 60);
  auto request = raw("\"" + verse + "\" \"", 100);
  request.sampling.json_schema = R"({"const":")" + verse + R"("})";  // nothing else can be written
  auto const steps = [&](bool lookup, int most) {
    auto const llama = load({.context_tokens = 256, .prefill = 256, .threads = 1, .lookup = lookup});
    request.sampling.max_tokens = most;
    auto const before = steps_so_far();
    auto const told = Together(*llama, arbiter_).run({request});
    EXPECT_EQ(told[0].finish->usage.completion_tokens, static_cast<int>(told[0].text.size())) << "a byte is a token here";
    if (most < 100) {
      EXPECT_EQ(told[0].finish->usage.completion_tokens, most);
    } else {
      EXPECT_THAT(told[0].text, testing::EndsWith("\"" + verse + "\"")) << "JSON may begin with blanks";
    }
    return steps_so_far() - before;
  };
  EXPECT_LT(2 * steps(true, 100), steps(false, 100));
  for (int const most : {1, 2, 3, 5, 8, 13, 21, 34}) EXPECT_LE(steps(true, most), steps(false, most)) << most;
}

// Conversations in turn, so that each one is put beside the model's memory before it goes on.
TEST_F(LlamaSchedulerTest, WhatWasPutBesideIsReadOnFromThere) {
  if (LlamaContext::flash_attention()) GTEST_SKIP() << "idle tokens stay where they are";
  auto const with = [&](int idle_tokens) {
    return load({.context_tokens = 256, .total_tokens = 1024, .idle_tokens = idle_tokens, .prefill = 32, .threads = 1});
  };
  auto const beside = with(0), inside = with(100'000);
  std::mt19937 chance(9);
  std::vector<std::string> conversations;
  for (int i = 0; i < 6; ++i) conversations.push_back(letters(chance, 40));
  int known = 0, judged = 0;
  for (int turn = 0; turn < 60; ++turn) {
    auto& conversation = conversations[chance() % conversations.size()];
    if (conversation.size() > 200) conversation = conversations.front().substr(0, 20) + letters(chance, 30);  // and a fork
    auto const plain = Together(*inside, arbiter_).run({raw(conversation, 6)}).front();
    auto const told = Together(*beside, arbiter_).run({raw(conversation, 6)}).front();
    ASSERT_TRUE(told.finish && plain.finish) << turn;
    known += told.finish->usage.cached_tokens;
    conversation += plain.text + letters(chance, 10);
    if (told.near_tie || plain.near_tie) continue;
    ++judged;
    EXPECT_EQ(told.text, plain.text) << turn;
  }
  EXPECT_GT(judged, 20);
  EXPECT_GT(known, 3000) << "nearly all of every turn but the first";
}

TEST_F(LlamaSchedulerTest, AShortQuestionDoesNotWaitForALongDocument) {
  auto const llama = load({.context_tokens = 2048, .prefill = 32, .threads = 1});
  ASSERT_TRUE(llama);
  std::mt19937 chance(4);
  auto const told = Together(*llama, arbiter_).run({raw(letters(chance, 1500), 2), raw(letters(chance, 20), 2)});
  ASSERT_TRUE(told[0].finish && told[1].finish);
  EXPECT_EQ(told[1].place, 0U);
}

TEST_F(LlamaSchedulerTest, ALongDocumentIsReadThoughShortQuestionsKeepComing) {
  auto const llama = load({.context_tokens = 2048, .queue = 300, .prefill = 32, .threads = 1});
  ASSERT_TRUE(llama);
  std::mt19937 chance(4);
  std::vector<GenerateRequest> requests{raw(letters(chance, 1000), 1)};
  for (int i = 0; i < 250; ++i) requests.push_back(raw(letters(chance, 30), 1));
  auto const told = Together(*llama, arbiter_).run(requests);
  ASSERT_TRUE(told[0].finish);
  EXPECT_LT(told[0].place, 200U);
}

TEST_F(LlamaSchedulerTest, ANewBeginningIsReadOnceForAllWhoComeWithIt) {
  auto const llama = load({.context_tokens = 2048, .prefill = 32, .threads = 1});
  ASSERT_TRUE(llama);
  std::mt19937 chance(4);
  auto const beginning = letters(chance, 600);
  std::vector<GenerateRequest> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(raw(beginning + letters(chance, 20), 2));
  auto const told = Together(*llama, arbiter_).run(requests);
  int read = 0;
  for (auto const& each : told) {
    ASSERT_TRUE(each.finish);
    read += each.finish->usage.prompt_tokens - each.finish->usage.cached_tokens;
  }
  EXPECT_LT(read, 600 + 8 * (20 + 32));  // what would be read in one step is not waited for
}

TEST_F(LlamaSchedulerTest, EveryWordIsReadAlsoWhereASpaceIsThreeTokens) {
  auto const llama = load({.context_tokens = 512, .threads = 1});
  ASSERT_TRUE(llama);
  auto const told = Together(*llama, arbiter_).run({raw("a b c d e", 1)}).front();
  ASSERT_TRUE(told.finish);
  EXPECT_EQ(told.finish->usage.prompt_tokens, 1 + 5 + 4 * 3);
}

}  // namespace
}  // namespace parley::engine
