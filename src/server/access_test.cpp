#include "server/access.hpp"

#include <gtest/gtest.h>

#include "core/sha256.hpp"
#include "server/http_routes.hpp"

namespace parley::server {
namespace {

std::string code(Access const& access, Visitor const& visitor) {
  auto const admitted = access.admit(visitor);
  return admitted ? "" : admitted.error().code;
}

Access access_with(std::vector<std::string> const& keys) {
  std::vector<std::string> hashes;
  for (auto const& key : keys) hashes.push_back(core::sha256_of(key));
  return Access(KeyBook::configured(std::move(hashes)));
}

TEST(Access, WithoutKeysOnlyThisMachine) {
  Access const access = access_with({});
  EXPECT_EQ(code(access, {"", "", "", "127.0.0.1:8080"}), "");
  EXPECT_EQ(code(access, {"Bearer whatever", "", "", "localhost:8080"}), "");
  EXPECT_EQ(code(access, {"", "", "http://localhost:3000", "localhost:8080"}), "");
  EXPECT_EQ(code(access, {"", "", "http://[::1]:3000", "[::1]:8080"}), "");
  EXPECT_EQ(code(access, {"", "", "https://evil.example", "127.0.0.1:8080"}), "origin_not_allowed");
  EXPECT_EQ(code(access, {"", "", "https://localhost.evil.example", "127.0.0.1:8080"}), "origin_not_allowed");
  EXPECT_EQ(code(access, {"", "", "http://127.0.0.1.evil.example", "127.0.0.1:8080"}), "origin_not_allowed");
  EXPECT_EQ(code(access, {"", "", "null", "127.0.0.1:8080"}), "origin_not_allowed");
  EXPECT_EQ(code(access, {"", "", "", "evil.example:8080"}), "host_not_allowed");  // DNS rebinding
}

TEST(Access, Keys) {
  Access const access = access_with({"one", "two"});
  EXPECT_EQ(code(access, {"", "", "", "example.org"}), "missing_api_key");
  EXPECT_EQ(code(access, {"Bearer three", "", "", ""}), "invalid_api_key");
  EXPECT_EQ(code(access, {"Basic one", "", "", ""}), "missing_api_key");
  EXPECT_EQ(code(access, {"Bearer one", "", "https://anywhere.example", "example.org"}), "");
  EXPECT_EQ(code(access, {"bearer two", "", "", ""}), "");
  EXPECT_EQ(code(access, {"", "realtime, openai-insecure-api-key.two, openai-agents-sdk.1", "", ""}), "");
  EXPECT_EQ(code(access, {"", "realtime, openai-insecure-api-key.", "", ""}), "missing_api_key");
  EXPECT_EQ(code(access, {"", "openai-insecure-api-key.three", "", ""}), "invalid_api_key");
}

TEST(Access, SubProtocol) {
  EXPECT_EQ(chosen_protocol("realtime,openai-insecure-api-key.x"), "realtime");
  EXPECT_EQ(chosen_protocol("openai-insecure-api-key.x , realtime"), "realtime");
  EXPECT_EQ(chosen_protocol("chat"), "");
  EXPECT_EQ(chosen_protocol(""), "");
}

TEST(HttpRoutes, TargetsAreDecoded) {
  auto const target = parse_target("/v1/realtime?model=a%2Bb&role=%E5%B0%8F%E9%9B%A8&x=1+2&flag&=&bad=%zz");
  EXPECT_EQ(target.path, "/v1/realtime");
  EXPECT_EQ(target.query.at("model"), "a+b");
  EXPECT_EQ(target.query.at("role"), "小雨");
  EXPECT_EQ(target.query.at("x"), "1 2");
  EXPECT_EQ(target.query.at("flag"), "");
  EXPECT_EQ(target.query.at("bad"), "%zz");
}

TEST(HttpRoutes, KnownUnknownAndWrongMethod) {
  HttpRoutes routes;
  routes.add("GET", "/a", [](HttpRequest const&) { return HttpReply{200, "yes", "text/plain", {}}; }, {.needs_key = false});
  EXPECT_EQ(routes.answer({"GET", parse_target("/a"), ""}).body, "yes");
  EXPECT_EQ(routes.answer({"HEAD", parse_target("/a"), ""}).status, 200);
  auto const wrong = routes.answer({"POST", parse_target("/a"), ""});
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at(0), (std::pair<std::string, std::string>("Allow", "GET, HEAD")));
  auto const nothing = routes.answer({"GET", parse_target("/b"), ""});
  EXPECT_EQ(nothing.status, 404);
  EXPECT_NE(nothing.body.find(R"("error":)"), std::string::npos);
  EXPECT_FALSE(routes.rule("/a").needs_key);
  EXPECT_TRUE(routes.rule("/b").needs_key);
}

}  // namespace
}  // namespace parley::server
