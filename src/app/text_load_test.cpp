// The load generator against the simulated cluster, over real sockets. How long things take is not judged.
#include "app/text_load.hpp"

#include <gmock/gmock.h>

#include "app/simulated_cluster.hpp"

namespace parley::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::unique_ptr<SimulatedCluster> cluster(double tokens_per_second, int tokens = 5) {
  ClusterOptions options;
  options.tokens_per_second = tokens_per_second;
  options.first_token_ms = 2;
  options.answer_tokens = tokens;
  auto started = SimulatedCluster::start(options);
  EXPECT_TRUE(started);
  return *std::move(started);
}

LoadOptions load_on(SimulatedCluster const& cluster) {
  LoadOptions options;
  options.address = *cloud::net::parse_address("http://127.0.0.1:" + std::to_string(cluster.port()));
  options.prompt = "生成300字的产品说明书";
  options.seconds = 0.3;
  return options;
}

TEST(TextLoad, AClosedLoopOfStreams) {
  // 200 ms an answer: on a machine that stands still for a while, all tokens of a short one come in one piece.
  auto const simulated = cluster(100, 20);
  auto options = load_on(*simulated);
  options.path = "/v1/chat/completions";
  options.at_once = 4;
  auto const result = load_text(options);
  ASSERT_TRUE(result);
  EXPECT_GE(result->answered.size(), 4U);
  EXPECT_TRUE(result->failed.empty()) << result->problems.front();
  EXPECT_EQ(result->first_token.size(), result->answered.size());
  EXPECT_FALSE(result->between_tokens.empty());
}

TEST(TextLoad, AnOpenLoopSendsWhatItsSeedSays) {
  auto const simulated = cluster(0);
  auto options = load_on(*simulated);
  options.stream = false;
  options.rate = 200;
  auto const once = load_text(options), again = load_text(options);
  ASSERT_TRUE(once && again);
  EXPECT_GT(once->answered.size(), 20U);
  EXPECT_EQ(once->answered.size(), again->answered.size());
}

TEST(TextLoad, FailuresAreToldApart) {
  auto const simulated = cluster(0);
  auto options = load_on(*simulated);
  options.path = "/nothing";
  options.seconds = 0.05;
  auto const result = load_text(options);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->answered.empty());
  EXPECT_EQ(result->problems, std::vector<std::string>{"status 404"});
}

TEST(TextLoad, StatisticsAsLocustWritesThem) {
  LoadResult result;
  for (int i = 1; i <= 100; ++i) result.answered.push_back(i);
  result.first_token = {3, 1, 2};
  result.failed = {7};
  result.seconds = 10;
  auto const csv = stats_csv(result, "/generate");
  EXPECT_THAT(csv,
              StartsWith("Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,"
                         "Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,"
                         "95%,98%,99%,99.9%,99.99%,100%\nPOST,/generate,101,1,50.000,"));
  EXPECT_THAT(csv, HasSubstr("\nTTFT,/generate,3,0,2.000,2.000,1.000,3.000,"));
  EXPECT_THAT(csv, HasSubstr("\n,Aggregated,101,1,"));
}

TEST(SimulatedCluster, SlotsAreKeptAndAnswersAreWhole) {
  ClusterOptions options;
  options.tokens_per_second = 2000;
  options.first_token_ms = 1;
  options.answer_tokens = 40;
  options.slots = 2;
  auto const simulated = *SimulatedCluster::start(options);
  auto load = load_on(*simulated);
  load.stream = false;
  load.at_once = 8;
  auto const result = load_text(load);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->failed.empty());
  EXPECT_GE(result->answered.size(), 8U) << "also those who had to wait for a slot";
}

}  // namespace
}  // namespace parley::app
