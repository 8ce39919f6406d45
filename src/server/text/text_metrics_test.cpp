#include "server/text/text_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::server {
namespace {

using ::testing::HasSubstr;

TEST(TextMetrics, BucketsAddUp) {
  Histogram histogram({1, 2.5});
  for (double const value : {0.5, 1.0, 2.0, 9.0}) histogram.observe(value);
  EXPECT_EQ(histogram.lines("x", "a=\"b\""),
            "x_bucket{a=\"b\",le=\"1\"} 2\nx_bucket{a=\"b\",le=\"2.5\"} 3\nx_bucket{a=\"b\",le=\"+Inf\"} 4\n"
            "x_sum{a=\"b\"} 12.5\nx_count{a=\"b\"} 4\n");
}

TEST(TextMetrics, BothNamesTellTheSame) {
  TextMetrics metrics("模型\"一");
  metrics.began("default");
  metrics.began("模型\"一");
  metrics.began("default");
  metrics.first_token("default", 0.3);
  metrics.next_token("default", 0.02);
  metrics.ended("default", "stop", 1.0, {100, 60, 20});
  metrics.ended("default", "abort", 0.1, {});
  std::string const text = metrics.text();
  EXPECT_THAT(text, HasSubstr("gen_ai_server_time_to_first_token_seconds_bucket{gen_ai_operation_name=\"chat\","
                              "gen_ai_request_model=\"模型\\\"一\",model_name=\"模型\\\"一\",le=\"0.5\"} 1"));
  EXPECT_THAT(text, HasSubstr("vllm:time_to_first_token_seconds_count{"));
  EXPECT_THAT(text, HasSubstr("vllm:prefix_cache_hits_total{model_name=\"模型\\\"一\"} 60"));
  EXPECT_THAT(text, HasSubstr("vllm:num_requests_running{model_name=\"模型\\\"一\"} 1"));
  EXPECT_THAT(text, HasSubstr("finished_reason=\"abort\"} 1"));
  EXPECT_THAT(text, HasSubstr("gen_ai_server_request_duration_seconds_count{gen_ai_operation_name=\"chat\","
                              "gen_ai_request_model=\"模型\\\"一\",model_name=\"模型\\\"一\"} 1"))
      << "an answer that nobody waited for has no duration";
}

TEST(TextMetrics, EachModelForItself) {
  TextMetrics metrics("small");
  metrics.began("large");
  metrics.ended("large", "stop", 1.0, {100, 60, 20});
  metrics.refused("default");
  std::string const text = metrics.text();
  EXPECT_THAT(text, HasSubstr("\n# TYPE vllm:prompt_tokens_total counter\n"
                              "vllm:prompt_tokens_total{model_name=\"large\"} 100\n"
                              "vllm:prompt_tokens_total{model_name=\"small\"} 0\n"))
      << "the lines of one name stand together";
  EXPECT_THAT(text, HasSubstr("parley_text_refused_total{model_name=\"large\"} 0\n"
                              "parley_text_refused_total{model_name=\"small\"} 1\n"));
}

}  // namespace
}  // namespace parley::server
