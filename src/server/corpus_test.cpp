// What other people's clients really said (testdata/realtime_codec_fuzz, written by tests/clients/record_corpus.py) is
// understood.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "server/beta_shape.hpp"
#include "server/realtime_session.hpp"

namespace parley::server {
namespace {

std::filesystem::path const corpus = std::filesystem::path(PARLEY_SOURCE_DIR) / "src/server/testdata/realtime_codec_fuzz";

class Recorded : public testing::TestWithParam<std::string> {
 protected:
  static RealtimeSession opened() {
    conversation::Settings role;
    role.voices = {{"zh", "kokoro:zf_xiaoxiao"}};
    return RealtimeSession({{"", "default", 2'000'000'000, "w"}, role, {}, {}});
  }
};

TEST_P(Recorded, IsUnderstoodToTheLastField) {
  std::ifstream file(corpus / (GetParam() + ".jsonl"));
  ASSERT_TRUE(file);
  auto session = opened();
  int messages = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) {  // the next connection
      session = opened();
      continue;
    }
    ++messages;
    if (GetParam() == "beta") line = beta::to_ga(line);
    auto const decoded = decode_client_message(line);
    EXPECT_TRUE(decoded) << decoded.error().message << "\n" << line;
    for (auto const& told : session.take(line).out) {
      auto const event = Json::parse(told.text);
      if (event["type"] != "error") continue;
      // What the server had made is not there in a replay; anything else would be a refusal.
      EXPECT_NE(event["error"]["message"].get<std::string>().find("does not exist"), std::string::npos) << event << "\n"
                                                                                                        << line;
    }
  }
  EXPECT_GT(messages, 10);
}

INSTANTIATE_TEST_SUITE_P(Clients, Recorded,
                         testing::Values("openai_realtime", "agents_realtime", "agents_python", "pipecat", "livekit", "beta"),
                         [](auto const& client) { return client.param; });

}  // namespace
}  // namespace parley::server
