#include "app/knowledge_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "app/test_home.hpp"
#include "knowledge/test_embedder.hpp"

namespace parley::app {
namespace {

using nlohmann::json;
using server::HttpReply;
using server::HttpRequest;

/// Waits for the reply.
class Waiting final : public server::Answer {
 public:
  void reply(HttpReply reply) override {
    std::lock_guard const lock(mutex_);
    reply_ = std::move(reply);
    there_.notify_all();
  }
  void begin(HttpReply) override { FAIL() << "these answers are whole"; }
  bool write(std::string) override { return false; }
  void end() override {}

  HttpReply wait() {
    std::unique_lock lock(mutex_);
    there_.wait(lock, [this] { return reply_.has_value(); });
    return reply_.value_or(HttpReply{});
  }

 private:
  std::mutex mutex_;
  std::condition_variable there_;
  std::optional<HttpReply> reply_;
};

class KnowledgeRoutesTest : public ::testing::Test {
 protected:
  KnowledgeRoutesTest() {
    add_knowledge_routes(routes_, [this]() -> KnowledgeRoom& { return room_; });
  }

  HttpReply ask(std::string const& method, std::string const& target, std::string const& body = {}) {
    HttpRequest request{.method = method, .target = server::parse_target(target), .body = body};
    auto const* later = routes_.later(method, request.target.path);
    if (later == nullptr) return routes_.answer(request);
    auto const answer = std::make_shared<Waiting>();
    auto const work = (*later)(request, answer);
    return answer->wait();
  }
  json good(HttpReply const& reply) {
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body);
  }

  TestHome home_;
  std::shared_ptr<knowledge::WordEmbedder> embedder_ = std::make_shared<knowledge::WordEmbedder>();
  KnowledgeRoom room_{[this]() -> core::Result<std::shared_ptr<language::Embedder>> { return embedder_; }};
  server::HttpRoutes routes_;
};

TEST_F(KnowledgeRoutesTest, ADocumentComesIsFoundIsListedAndGoes) {
  auto const put = R"({"base": "shop", "path": "faq", "title": "售后", "text": "退货期是七天。运费由小店承担。"})";
  EXPECT_EQ(good(ask("POST", "/v1/knowledge/documents", put)), json({{"path", "faq"}, {"fate", "added"}, {"chunks", 1}}));
  EXPECT_EQ(good(ask("POST", "/v1/knowledge/documents", put))["fate"], "unchanged");
  EXPECT_EQ(good(ask("GET", "/v1/knowledge"))["data"][0]["id"], "shop");
  EXPECT_EQ(good(ask("GET", "/v1/knowledge/documents?base=shop"))["data"][0]["title"], "售后");
  auto const found = good(ask("POST", "/v1/knowledge/search", R"({"base": "shop", "query": "退货期是几天"})"))["data"];
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["number"], 1);
  EXPECT_EQ(found[0]["path"], "faq");
  EXPECT_EQ(found[0]["begin"], 0);
  EXPECT_EQ(found[0]["end"], 15);
  EXPECT_TRUE(good(ask("POST", "/v1/knowledge/search", R"({"base": "shop", "query": "zzz"})"))["data"].empty());
  EXPECT_TRUE(good(ask("DELETE", "/v1/knowledge/documents?base=shop&path=faq"))["deleted"].get<bool>());
  EXPECT_EQ(ask("DELETE", "/v1/knowledge/documents?base=shop&path=faq").status, 404);
  EXPECT_TRUE(good(ask("POST", "/v1/knowledge/search", R"({"base": "shop", "query": "退货期"})"))["data"].empty());
}

TEST_F(KnowledgeRoutesTest, EveryMistakeNamesItsField) {
  for (auto const& [method, target, body, status, param] :
       {std::tuple{"POST", "/v1/knowledge/documents", "[", 400, ""},
        {"POST", "/v1/knowledge/documents", R"({"path": "a"})", 400, "text"},
        {"POST", "/v1/knowledge/documents", R"({"path": 1, "text": "a"})", 400, "path"},
        {"POST", "/v1/knowledge/documents", R"({"path": "a", "text": "a", "tags": []})", 400, "tags"},
        {"POST", "/v1/knowledge/search", R"({"query": " "})", 400, "query"},
        {"POST", "/v1/knowledge/search", R"({"query": "a", "count": 0})", 400, "count"},
        {"POST", "/v1/knowledge/search", R"({"query": "a", "way": "luck"})", 400, "way"},
        {"POST", "/v1/knowledge/search", R"({"query": "a", "base": "none"})", 404, "base"},
        {"GET", "/v1/knowledge/documents?base=none", "", 404, "base"},
        {"DELETE", "/v1/knowledge/documents", "", 400, "path"}}) {
    auto const reply = ask(method, target, body);
    EXPECT_EQ(reply.status, status) << body << reply.body;
    auto const error = json::parse(reply.body)["error"];
    EXPECT_EQ(error["param"].is_null() ? "" : error["param"], param) << reply.body;
  }
  EXPECT_EQ(ask("POST", "/v1/knowledge/documents", R"({"base": "../x", "path": "a", "text": "a"})").status, 400);
}

}  // namespace
}  // namespace parley::app
