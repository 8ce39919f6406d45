#include "engine/ggml/memory_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::engine {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

double gibibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / gib; }

ModelShape sized(std::string_view size) { return model_of_size(size).value_or(ModelShape{}); }

PlanWish one_call(int tokens, std::string_view precision = {}) {
  return {.tokens = tokens, .batch = 512, .outputs = 1, .flash_attention = true, .precision = precision};
}

TEST(MemoryPlan, known_models_take_what_they_are_known_to_take) {
  auto const seven = sized("7B");
  auto const plan = plan_memory(seven, one_call(4096));
  EXPECT_NEAR(gibibytes(plan.weights), 12.55, 0.05);                                         // 13.5 GB of half-precision files
  EXPECT_NEAR(gibibytes(plan.cache), 2.0, 0.001);                                            // 512 KiB a token
  EXPECT_NEAR(gibibytes(plan_memory(seven, one_call(4096, "Q4_K_M")).weights), 3.80, 0.05);  // 4.08 GB as published
  auto const seventy = sized("70B");
  EXPECT_NEAR(gibibytes(plan_memory(seventy, one_call(4096)).cache), 1.25, 0.001);  // grouped heads: an eighth
}

TEST(MemoryPlan, attention_without_flash_grows_with_batch_times_context) {
  auto const model = sized("13B");
  auto wish = one_call(8192);
  auto const flash = plan_memory(model, wish).compute;
  wish.flash_attention = false;
  EXPECT_EQ(plan_memory(model, wish).compute - flash, 2ULL * 40 * 512 * 8192 * 4);
}

TEST(MemoryPlan, cards_hold_whole_layers) {
  auto const model = sized("70B");
  EXPECT_EQ(cards_needed(model, plan_memory(model, one_call(4096)), 80 * gib), 2);
  EXPECT_EQ(cards_needed(model, plan_memory(model, one_call(4096, "Q4_K_M")), 80 * gib), 1);
  EXPECT_EQ(cards_needed(model, plan_memory(model, one_call(4096)), 24 * gib), 6);
  EXPECT_EQ(cards_needed(model, plan_memory(model, one_call(4096)), gib), 0);
}

ModelShape small() {
  ModelShape model = sized("7B");
  model.tensors = {{.elements = 1000 * 4096, .row = 4096, .bytes = 8'192'000, .edge = true},
                   {.elements = 4096 * 4096, .row = 4096, .bytes = 33'554'432, .repacked = true},
                   {.elements = 4096, .row = 4096, .bytes = 16'384}};
  return model;
}

TEST(MemoryPlan, a_file_counts_its_tensors_and_their_copies) {
  auto const plan = plan_memory(small(), one_call(256));
  EXPECT_EQ(plan.weights, 8'192'000U + 33'554'432 + 16'384);
  EXPECT_EQ(plan.repacked, 33'554'432U);
  EXPECT_NEAR(bits_a_weight(small()), 16, 0.1);
  auto const less = plan_memory(small(), one_call(256, "Q8_0"));
  EXPECT_NEAR(static_cast<double>(less.weights), (1000 + 4096) * 4096 * 8.5 / 8 + 16'384, 2);
}

TEST(MemoryPlan, what_is_tried_goes_down_in_precision_first_and_then_in_context) {
  auto const model = small();
  auto const wish = one_call(16384);
  auto const all = choices(model, wish, 1024, ~std::uint64_t{0});
  ASSERT_GT(all.size(), 8U);
  EXPECT_EQ(all[0].precision, "");
  EXPECT_EQ(all[1].precision, "Q8_0");
  EXPECT_EQ(all[5].precision, "Q2_K");
  EXPECT_EQ(all[5].tokens, 16384);
  EXPECT_EQ(all[6].tokens, 8192);
  EXPECT_EQ(all.back().tokens, 1024);
  auto const tight = choices(model, wish, 1024, all[3].plan.total());
  ASSERT_FALSE(tight.empty());
  EXPECT_EQ(tight.front().precision, all[3].precision);
  EXPECT_TRUE(choices(model, wish, 1024, 1000).empty());
}

TEST(MemoryPlan, a_model_that_is_small_already_is_not_made_larger) {
  auto model = small();
  for (auto& tensor : model.tensors) tensor.bytes /= 4;
  for (auto const& each : choices(model, one_call(2048), 1024, ~std::uint64_t{0})) {
    EXPECT_NE(each.precision, "Q8_0");
    EXPECT_NE(each.precision, "F16");
  }
}

}  // namespace
}  // namespace parley::engine
