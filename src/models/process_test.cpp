#include "models/process.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "core/test_folder.hpp"

namespace parley::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Processes : public testing::Test {
 protected:
  core::TestFolder folder_;
  Command shell(std::string const& script) { return {{"sh", "-c", script}, {}, folder_ / "log"}; }
};

TEST_F(Processes, RunToTheirEndWithTheirOutputInTheLog) {
  ASSERT_TRUE(run(shell("echo 你好; echo wrong >&2"), {}, {}));
  EXPECT_EQ(core::read_file(folder_ / "log"), "你好\nwrong\n");
}

TEST_F(Processes, GetTheEnvironmentWithOurChanges) {
  auto command = shell("echo $PARLEY_PROBE:$HOME_OF_NOBODY:${PATH:+path}");
  command.environment = {"PARLEY_PROBE=yes"};
  ASSERT_TRUE(run(command, {}, {}));
  EXPECT_EQ(core::read_file(folder_ / "log"), "yes::path\n");
}

TEST_F(Processes, ThatFailAreQuoted) {
  auto const done = run(shell("echo first; echo second; echo third; echo; echo fourth; exit 3"), {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "sh ended with status 3: second | third | fourth");
}

TEST_F(Processes, AreNotQuotedOnTheirRetries) {
  auto const done = run(shell("echo 'WARNING: Retrying (Retry(total=0))'; echo 'ERROR: no such version'; exit 1"), {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "sh ended with status 1: ERROR: no such version");
}

TEST_F(Processes, ThatAreKilledSaySo) {
  auto const done = run(shell("kill -9 $$"), {}, {});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("was ended by signal 9: it said nothing"));
}

TEST_F(Processes, ThatDoNotExistSaySo) {
  auto const done = run({{"parley-has-no-such-program"}, {}, folder_ / "log"}, {}, {});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("parley-has-no-such-program cannot be started: No such file"));
}

TEST_F(Processes, AreStoppedWithEverythingTheyStarted) {
  std::stop_source stop;
  auto const begun = std::chrono::steady_clock::now();
  auto const tick = [&] {
    if (std::filesystem::exists(folder_ / "started")) stop.request_stop();
  };
  auto const mark = (folder_ / "started").string();
  auto const pid = (folder_ / "pid").string();
  auto const done = run(shell("sleep 60 & echo $! > '" + pid + "'; touch '" + mark + "'; wait"), tick, stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, core::Code::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);
  // The grandchild may be a zombie of init for a moment, so ask for its state rather than its number.
  auto const status = "/proc/" + std::string(core::read_file(pid), 0, core::read_file(pid).find('\n')) + "/stat";
  bool gone = false;
  for (int i = 0; i < 100 && !gone; ++i) {
    auto const stat = core::read_file(status);
    gone = stat.empty() || stat.find(") Z") != std::string::npos;
    if (!gone) std::this_thread::sleep_for(20ms);
  }
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace parley::models
