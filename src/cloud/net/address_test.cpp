#include "cloud/net/address.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "cloud/secret.hpp"

namespace parley::cloud {
namespace {

TEST(Address, TakesApartAndPutsTogether) {
  auto const ark = net::parse_address("https://ark.cn-beijing.volces.com/api/v3/");
  ASSERT_TRUE(ark);
  EXPECT_EQ((*ark / "/chat/completions").path, "/api/v3/chat/completions");
  EXPECT_EQ(ark->authority(), "ark.cn-beijing.volces.com");
  auto const local = net::parse_address("ws://[::1]:8091");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->host, "::1");
  EXPECT_EQ(local->authority(), "[::1]:8091");
  EXPECT_EQ((*local / "/a").path, "/a");
}

TEST(Address, RefusesWhatWouldGoWrongLater) {
  for (auto const* url : {"ftp://a", "a.b/c", "https://", "https://a:0", "https://a:65536", "https://a:x", "https://[::1",
                          "https://a b", "https://a\r\nHost: b", "http://openspeech.bytedance.com/api"}) {
    EXPECT_EQ(net::parse_address(url).error().code, core::Code::invalid) << url;
  }
  auto const with_password = net::parse_address("https://me:secret-word@host/");
  EXPECT_THAT(core::describe(with_password.error()), testing::Not(testing::HasSubstr("secret-word")));
}

TEST(Secret, ComesFromTheEnvironmentAndOnlyWhole) {
  setenv("PARLEY_TEST_SECRET", "abc", 1);
  EXPECT_EQ(load_secret("PARLEY_TEST_SECRET")->reveal(), "abc");
  setenv("PARLEY_TEST_SECRET", "abc\r\nX-Other: 1", 1);
  auto const broken = load_secret("PARLEY_TEST_SECRET");
  EXPECT_EQ(broken.error().code, core::Code::invalid);
  EXPECT_THAT(core::describe(broken.error()), testing::Not(testing::HasSubstr("abc")));
  unsetenv("PARLEY_TEST_SECRET");
  EXPECT_EQ(load_secret("PARLEY_TEST_SECRET").error().code, core::Code::not_found);
  EXPECT_EQ(load_secret("file:/nowhere/key").error().code, core::Code::not_found);
}

}  // namespace
}  // namespace parley::cloud
