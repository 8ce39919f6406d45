#include "server/keys/key_book.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "core/sha256.hpp"
#include "core/test_folder.hpp"
#include "server/keys/key_file.hpp"

namespace parley::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double november = 1'795'000'000;  // of 2026, seconds since 1970

class KeyBookTest : public testing::Test {
 protected:
  ApiKey add(std::string const& secret, KeyLimits limits = {}, std::vector<std::string> scopes = {"text"}) {
    ApiKey key;
    key.id = "key_" + secret;
    key.name = secret;
    key.hash = core::sha256_of(secret);
    key.scopes = std::move(scopes);
    key.limits = limits;
    EXPECT_TRUE(change_keys(file_, [&](std::vector<ApiKey>& keys) -> core::Result<void> {
      keys.push_back(key);
      return {};
    }));
    return key;
  }
  void change(std::string const& id, std::function<void(ApiKey&)> const& how) {
    EXPECT_TRUE(change_keys(file_, [&](std::vector<ApiKey>& keys) -> core::Result<void> {
      for (auto& key : keys) {
        if (key.id == id) how(key);
      }
      return {};
    }));
  }
  std::shared_ptr<KeyBook> open(std::chrono::milliseconds watch = std::chrono::milliseconds(0)) {
    KeyBook::Options options;
    options.file = file_;
    options.prices = {1, 2};
    options.now = [this] { return now_.load(); };
    options.watch = watch;
    auto book = KeyBook::open(std::move(options));
    EXPECT_TRUE(book) << book.error().message;
    return book ? *book : nullptr;
  }
  static std::string bytes_of(std::filesystem::path const& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
  }

  core::TestFolder const folder_;
  std::filesystem::path const file_ = folder_ / "keys.json";
  std::atomic<double> now_ = november;
};

TEST_F(KeyBookTest, FreshKeysAreLongAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    auto const key = fresh_key();
    EXPECT_EQ(key.size(), std::string("sk-parley-").size() + 43);
    EXPECT_TRUE(seen.insert(key).second);
  }
}

TEST_F(KeyBookTest, TheFileIsForItsOwnerAndHoldsNoKey) {
  add("sk-parley-secret");
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  auto key = read_keys(file_)->at(0);
  EXPECT_EQ(key.hash, core::sha256_of("sk-parley-secret"));
  EXPECT_THAT(bytes_of(file_), HasSubstr(key.hash));
}

TEST_F(KeyBookTest, ADamagedFileIsAnErrorAndChangesNothingInARunningServer) {
  add("one");
  auto const book = open();
  std::ofstream(file_) << "{\"keys\": [";
  book->look();
  EXPECT_TRUE(book->find("one"));
  KeyBook::Options again;
  again.file = file_;
  EXPECT_EQ(KeyBook::open(again).error().code, core::Code::invalid);
  EXPECT_FALSE(change_keys(file_, [](auto&) -> core::Result<void> { return {}; }));
  EXPECT_EQ(bytes_of(file_), "{\"keys\": [") << "what cannot be read is not overwritten";
}

TEST_F(KeyBookTest, CreationAndRevocationAreNoticed) {
  auto const book = open();
  EXPECT_FALSE(book->needs_key());
  auto const key = add("one");
  EXPECT_FALSE(book->find("one"));
  book->look();
  EXPECT_TRUE(book->needs_key());
  ASSERT_TRUE(book->find("one"));
  EXPECT_EQ(book->find("one")->id(), key.id);
  EXPECT_FALSE(book->find("two"));
  auto const held = book->find("one");
  change(key.id, [](ApiKey& one) { one.revoked_at = 1; });
  book->look();
  EXPECT_FALSE(book->find("one"));
  EXPECT_FALSE(held->alive()) << "also for those who have it: calls";
  EXPECT_TRUE(book->needs_key()) << "the last key was revoked: nobody comes in";
  std::filesystem::remove(file_);
  book->look();
  EXPECT_TRUE(book->needs_key()) << "a file that disappears opens no door";
}

TEST_F(KeyBookTest, AWatchedFileIsReadWithoutBeingAskedTo) {
  auto const book = open(std::chrono::milliseconds(5));
  add("one");
  for (int i = 0; i < 1000 && !book->find("one"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(book->find("one"));
}

TEST_F(KeyBookTest, KeysExpire) {
  auto const key = add("one");
  change(key.id, [&](ApiKey& one) { one.expires_at = static_cast<std::int64_t>(now_) + 10; });
  auto const book = open();
  EXPECT_TRUE(book->find("one"));
  now_ = now_ + 11;
  EXPECT_FALSE(book->find("one"));
}

TEST_F(KeyBookTest, ScopesOfPaths) {
  add("one", {}, {"text"});
  add("two", {}, {"all"});
  auto const book = open();
  EXPECT_TRUE(book->find("one")->opens(scope_of("/v1/chat/completions")));
  EXPECT_TRUE(book->find("one")->opens(scope_of("/v1/models"))) << "any key";
  for (char const* path :
       {"/v1/realtime", "/v1/realtime/client_secrets", "/metrics", "/v1/knowledge/x", "/v1/roles", "/v1/audio/speech"}) {
    EXPECT_FALSE(book->find("one")->opens(scope_of(path))) << path;
    EXPECT_TRUE(book->find("two")->opens(scope_of(path))) << path;
  }
}

TEST_F(KeyBookTest, RequestsAMinuteWithATrueWait) {
  add("one", {.requests_per_minute = 3});
  auto const account = open()->find("one");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(account->take_request());
  auto const refusal = account->take_request();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, "rate_limit_exceeded");
  EXPECT_NEAR(refusal->retry_after, 20, 0.01);
  auto const reply = refusal_reply(*refusal);
  EXPECT_EQ(reply.status, 429);
  EXPECT_THAT(reply.headers, testing::Contains(testing::Pair("Retry-After", "20")));
  now_ = now_ + 20;
  EXPECT_FALSE(account->take_request());
  std::vector<std::pair<std::string, std::string>> headers;
  account->add_headers(headers);
  EXPECT_THAT(headers, testing::ElementsAre(testing::Pair("x-ratelimit-limit-requests", "3"),
                                            testing::Pair("x-ratelimit-remaining-requests", "0"),
                                            testing::Pair("x-ratelimit-reset-requests", "1m0s")));
}

TEST_F(KeyBookTest, TokensAreHeldAndSettled) {
  add("one", {.tokens_per_minute = 1000});
  auto const account = open()->find("one");
  auto first = account->hold_tokens(600);
  ASSERT_TRUE(first);
  auto const second = account->hold_tokens(600);
  ASSERT_FALSE(second);
  EXPECT_NEAR(second.error().retry_after, 12, 0.01);
  (*first)->settle(50, 50);
  EXPECT_TRUE(account->hold_tokens(600)) << "what was held and not used is free again";
  EXPECT_EQ(account->usage().input_tokens, 50U);
}

TEST_F(KeyBookTest, BudgetsEndWithTheMonthAndSurviveARestart) {
  add("tokens", {.monthly_tokens = 100});
  add("money", {.monthly_budget = 0.0002});
  {
    auto const book = open();
    for (char const* name : {"tokens", "money"}) {
      auto const account = book->find(name);
      EXPECT_FALSE(account->take_request());
      auto hold = account->hold_tokens(90);
      ASSERT_TRUE(hold) << name;
      (*hold)->settle(40, 80);  // money: 40 * 1 + 80 * 2 millionths
    }
    ASSERT_TRUE(book->save());
  }
  auto const book = open();
  for (char const* name : {"tokens", "money"}) {
    auto const refusal = book->find(name)->take_request();
    ASSERT_TRUE(refusal) << name;
    EXPECT_EQ(refusal->code, "insufficient_quota");
    EXPECT_EQ(book->find(name)->usage().output_tokens, 80U);
    EXPECT_NEAR(refusal->retry_after, seconds_to_next_month(november), 1);
  }
  now_ = now_ + seconds_to_next_month(now_) - 1;
  EXPECT_TRUE(book->find("money")->take_request());
  now_ = now_ + 2;
  EXPECT_FALSE(book->find("money")->take_request());
  EXPECT_EQ(book->find("tokens")->usage().output_tokens, 0U);
}

TEST_F(KeyBookTest, TheRateOfAMinuteSurvivesARestartToo) {
  add("one", {.requests_per_minute = 2});
  {
    auto const book = open();
    EXPECT_FALSE(book->find("one")->take_request());
    EXPECT_FALSE(book->find("one")->take_request());
    ASSERT_TRUE(book->save());
  }
  now_ = now_ + 1;
  EXPECT_TRUE(open()->find("one")->take_request());
}

TEST_F(KeyBookTest, DamagedUsageIsNotTakenForNone) {
  add("one", {.monthly_tokens = 1});
  std::ofstream(file_.string() + ".usage") << "{";
  KeyBook::Options options;
  options.file = file_;
  EXPECT_EQ(KeyBook::open(options).error().code, core::Code::invalid);
}

TEST_F(KeyBookTest, CallsAreCountedTimedAndWeighed) {
  add("one", {.calls = 1, .monthly_minutes = 2, .monthly_bytes = 1000}, {"realtime"});
  auto const book = open();
  auto const account = book->find("one");
  {
    auto call = account->open_call();
    ASSERT_TRUE(call);
    EXPECT_EQ(account->open_call().error().type, "calls");
    now_ = now_ + 30;
    EXPECT_FALSE((*call)->used(400));
    EXPECT_NEAR((*call)->seconds_left(), 90, 1e-6);
    EXPECT_EQ((*call)->used(600)->code, "insufficient_quota");
  }
  EXPECT_EQ(account->open_call().error().code, "insufficient_quota");
  change("key_one", [](ApiKey& key) { key.limits.monthly_bytes = 0; });
  book->look();
  auto call = account->open_call();
  ASSERT_TRUE(call) << "its place was given back, and the limit is another";
  now_ = now_ + 91;
  EXPECT_EQ((*call)->used(1)->code, "insufficient_quota");
  change("key_one", [](ApiKey& key) { key.revoked_at = 1; });
  book->look();
  EXPECT_EQ((*call)->used(1)->code, "invalid_api_key");
}

TEST_F(KeyBookTest, NothingThatIsWrittenHoldsAKey) {
  add("sk-parley-marked", {.requests_per_minute = 1, .monthly_tokens = 10});
  auto const book = open();
  auto const account = book->find("sk-parley-marked");
  change("key_sk-parley-marked", [](ApiKey& key) { key.id = "key_1", key.name = "app"; });
  book->look();
  auto const same = book->find("sk-parley-marked");
  (void)same->take_request();
  auto const refusal = same->take_request();
  ASSERT_TRUE(refusal);
  ASSERT_TRUE(book->save());
  for (auto const& text : {bytes_of(file_), bytes_of(file_.string() + ".usage"), book->metrics(), refusal->message}) {
    EXPECT_FALSE(text.empty());
    EXPECT_THAT(text, Not(HasSubstr("sk-parley-marked")));
  }
  EXPECT_THAT(book->metrics(), HasSubstr("parley_key_requests{key=\"key_1\"} 1"));
}

TEST_F(KeyBookTest, ManyWritersLoseNothing) {
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0; i < 10; ++i) {
          EXPECT_TRUE(change_keys(file_, [&](std::vector<ApiKey>& keys) -> core::Result<void> {
            ApiKey key;
            key.id = "key_" + std::to_string(writer * 10 + i);
            key.hash = core::sha256_of(key.id);
            keys.push_back(key);
            return {};
          }));
        }
      });
    }
  }
  EXPECT_EQ(read_keys(file_)->size(), 40U);
}

}  // namespace
}  // namespace parley::server
