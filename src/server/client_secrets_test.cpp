#include "server/client_secrets.hpp"

#include <gmock/gmock.h>

namespace parley::server {
namespace {

class ClientSecretsTest : public testing::Test {
 protected:
  std::int64_t now_ = 1'000;
  ClientSecrets secrets_{[this] { return now_; }};
  Json issue(std::string const& body) {
    auto const reply = issue_client_secret(secrets_, body);
    Json json = Json::parse(reply.body);
    json["status"] = reply.status;
    return json;
  }
};

TEST_F(ClientSecretsTest, LivesAsLongAsWasAskedAndCarriesItsSession) {
  auto const issued = issue(R"({"expires_after":{"anchor":"created_at","seconds":60},
                                "session":{"type":"realtime","model":"m","instructions":"你是小禾"}})");
  ASSERT_EQ(issued["status"], 200) << issued;
  EXPECT_EQ(issued["expires_at"], 1'060);
  EXPECT_EQ(issued["session"]["instructions"], "你是小禾");
  EXPECT_EQ(issued["session"]["model"], "m");
  std::string const value = issued["value"];
  EXPECT_TRUE(ClientSecrets::looks_like_one(value));
  EXPECT_EQ(secrets_.find(value)->session.at("instructions"), "你是小禾");
  EXPECT_TRUE(secrets_.find(value)) << "it may be used again";
  now_ = 1'060;
  EXPECT_FALSE(secrets_.find(value));
  EXPECT_FALSE(secrets_.find("ek_nobody"));
}

TEST_F(ClientSecretsTest, NothingIsNeeded) {
  EXPECT_EQ(issue("")["expires_at"], 1'600);
  EXPECT_EQ(issue("{}")["session"]["type"], "realtime");
}

TEST_F(ClientSecretsTest, MistakesAreNamed) {
  EXPECT_EQ(issue(R"({"expires_after":{"seconds":5}})")["error"]["param"], "expires_after.seconds");
  EXPECT_EQ(issue(R"({"expires_after":{"seconds":7201}})")["status"], 400);
  EXPECT_EQ(issue(R"({"session":{"type":"realtime","audio":{"output":{"speed":9}}}})")["error"]["param"],
            "session.audio.output.speed");
  EXPECT_EQ(issue(R"({"sesion":{}})")["error"]["param"], "sesion");
  EXPECT_EQ(issue("no json")["status"], 400);
}

TEST_F(ClientSecretsTest, RevokedIsGone) {
  std::string const value = issue("")["value"];
  EXPECT_EQ(revoke_client_secret(secrets_, Json{{"value", value}}.dump()).status, 200);
  EXPECT_FALSE(secrets_.find(value));
  EXPECT_EQ(revoke_client_secret(secrets_, Json{{"value", value}}.dump()).status, 404);
  EXPECT_EQ(revoke_client_secret(secrets_, "{}").status, 400);
}

TEST_F(ClientSecretsTest, TheirNumberIsBoundedAndExpiredOnesMakeRoom) {
  for (std::size_t i = 0; i < ClientSecrets::most; ++i) ASSERT_TRUE(secrets_.issue(60, Json::object(), ""));
  EXPECT_EQ(issue("")["status"], 429);
  now_ += 60;
  EXPECT_EQ(issue("")["status"], 200);
}

}  // namespace
}  // namespace parley::server
