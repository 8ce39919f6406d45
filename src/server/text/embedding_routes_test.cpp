#include "server/text/embedding_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "server/base64.hpp"
#include "server/test_answer.hpp"

namespace parley::server {
namespace {

using nlohmann::json;

/// A text is its length and how it was asked for; four tokens are the most.
class LengthEmbedder final : public language::Embedder {
 public:
  std::string identity() const override { return "length/2"; }
  std::size_t dimensions() const override { return 2; }
  std::size_t count_tokens(std::string const& text, language::Purpose) const override { return text.size(); }
  std::size_t most_tokens() const override { return 4; }
  core::Job embed(std::vector<std::string> texts, language::Purpose purpose, core::Urgency urgency, Sink sink) override {
    EXPECT_EQ(urgency, core::Urgency::text);
    if (texts.front() == "busy") {
      sink(core::fail(core::Code::busy, "later"));
      return {};
    }
    std::vector<language::Vector> vectors;
    for (auto const& text : texts) {
      vectors.push_back({static_cast<float>(text.size()), purpose == language::Purpose::passage ? 1.0F : 0.1F});
    }
    sink(std::move(vectors));
    return {};
  }
};

class EmbeddingRoutes : public testing::Test {
 protected:
  EmbeddingRoutes() {
    add_embedding_routes(routes_, {[](std::string const& name) -> core::Result<std::shared_ptr<language::Embedder>> {
                           if (name != "default") return core::fail(core::Code::not_found, "there is no " + name, "model");
                           return std::make_shared<LengthEmbedder>();
                         }});
  }
  HttpReply ask(json const& body) { return TestAsk(routes_, "/v1/embeddings", body.dump()).answer->head; }
  /// (status, code, param)
  std::tuple<int, std::string, std::string> refused(json const& body) {
    auto const reply = ask(body);
    auto const error = json::parse(reply.body)["error"];
    return {reply.status, error["code"], error["param"].is_null() ? "" : error["param"]};
  }
  HttpRoutes routes_;
};

TEST_F(EmbeddingRoutes, one_text_and_several) {
  auto const one = json::parse(ask({{"input", "abc"}}).body);
  EXPECT_EQ(one["object"], "list");
  EXPECT_EQ(one["data"][0]["embedding"], json::parse("[3.0,0.1]"));
  EXPECT_EQ(one["usage"], (json{{"prompt_tokens", 3}, {"total_tokens", 3}}));
  auto const both = json::parse(ask({{"input", {"a", "bb"}}, {"input_type", "passage"}, {"user", "u"}}).body);
  EXPECT_EQ(both["data"][1]["index"], 1);
  EXPECT_EQ(both["data"][1]["embedding"], json::parse("[2.0,1.0]"));
}

TEST_F(EmbeddingRoutes, base64_holds_the_floats_of_this_machine) {
  auto const body = json::parse(ask({{"input", "abc"}, {"encoding_format", "base64"}, {"dimensions", 2}}).body);
  auto const bytes = decode_base64(body["data"][0]["embedding"].get<std::string>());
  ASSERT_TRUE(bytes);
  ASSERT_EQ(bytes->size(), 8U);
  float first = 0;
  std::memcpy(&first, bytes->data(), sizeof first);
  EXPECT_EQ(first, 3);
}

TEST_F(EmbeddingRoutes, mistakes_name_their_field) {
  using Refused = std::tuple<int, std::string, std::string>;
  EXPECT_EQ(refused(json::object()), (Refused{400, "missing_required_parameter", "input"}));
  EXPECT_EQ(refused({{"input", json::array()}}), (Refused{400, "invalid_value", "input"}));
  EXPECT_EQ(refused({{"input", {"a", ""}}}), (Refused{400, "invalid_value", "input[1]"}));
  EXPECT_EQ(refused({{"input", {{"a", 1}}}}), (Refused{400, "invalid_type", "input"}));
  EXPECT_EQ(refused({{"input", {1, 2, 3}}}), (Refused{400, "unsupported_value", "input[0]"}));
  EXPECT_EQ(refused({{"input", {{1, 2}, {3}}}}), (Refused{400, "unsupported_value", "input[0]"}));
  EXPECT_EQ(refused({{"input", "abcde"}}), (Refused{400, "context_length_exceeded", "input"}));
  EXPECT_EQ(refused({{"input", {"a", "abcde"}}}), (Refused{400, "context_length_exceeded", "input[1]"}));
  EXPECT_EQ(refused({{"input", "a"}, {"dimensions", 3}}), (Refused{400, "invalid_value", "dimensions"}));
  EXPECT_EQ(refused({{"input", "a"}, {"encoding_format", "hex"}}), (Refused{400, "invalid_value", "encoding_format"}));
  EXPECT_EQ(refused({{"input", "a"}, {"model", "other"}}), (Refused{404, "model_not_found", "model"}));
  EXPECT_EQ(refused({{"input", std::vector<std::string>(most_embedded_texts + 1, "a")}}),
            (Refused{400, "invalid_value", "input"}));
  EXPECT_EQ(std::get<0>(refused({{"input", "busy"}})), 429);
}

}  // namespace
}  // namespace parley::server
