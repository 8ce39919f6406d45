#include "app/setup_check.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "core/test_folder.hpp"

namespace parley::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class SetupCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / ".git");
    fs::create_directories(folder_ / "work");
    fs::create_directories(folder_ / "roles");
    places_.working_folder = folder_ / "work";
    places_.texts = {folder_ / "parley.yaml", folder_ / "roles"};
    places_.private_files = {folder_ / "keys.json"};
    places_.keys_variable = "PARLEY_SETUP_CHECK_TEST";
    ::unsetenv("PARLEY_SETUP_CHECK_TEST");
  }

  void write(std::string const& name, std::string const& text, unsigned mode = 0600) {
    std::ofstream(folder_ / name) << text;
    fs::permissions(folder_ / name, static_cast<fs::perms>(mode));
  }
  /// "where: what" of every problem, a line each.
  std::string problems() {
    std::vector<std::string> looked_at;
    auto const found = check_setup(places_, looked_at);
    EXPECT_TRUE(found);
    std::string out;
    for (auto const& problem : *found) {
      EXPECT_FALSE(problem.mend.empty());
      out += problem.where + ": " + problem.what + "\n";
    }
    return out;
  }

  core::TestFolder const folder_;
  SetupPlaces places_;
};

std::string marked_key() { return std::string("sk-") + "parley-" + "q7Zb2LxK9vTf4MwRh1NdYc8JsGp3EuAo6CiB5kXmW0t"; }

TEST_F(SetupCheckTest, AGoodSetupHasNothingToSay) {
  write("parley.yaml", "server: {keys_from: PARLEY_KEYS}\n", 0644);
  write("roles/xiaohe.yaml", "personality: 你是小禾。\n", 0644);
  write("work/.env", "KEY=" + marked_key());
  write(".gitignore", "*.log\n.env\n", 0644);
  write("keys.json", "{}");
  EXPECT_EQ(problems(), "");
}

TEST_F(SetupCheckTest, AnEnvFileThatGitWouldTake) {
  write("work/.env", "A=1");
  EXPECT_THAT(problems(), HasSubstr("work/.env: git does not ignore it"));
  for (char const* good : {".env*", "**/.env", "*.env", "# .env\n.env", "!.env\n.env"}) {
    write(".gitignore", good, 0644);
    EXPECT_EQ(problems(), "") << good;
  }
  for (char const* bad : {"# .env", ".env\n!.env", "/.env", "env", ".env/x"}) {
    write(".gitignore", bad, 0644);
    EXPECT_THAT(problems(), HasSubstr("git does not")) << bad;
  }
  write("work/.gitignore", "/.env", 0644);
  EXPECT_EQ(problems(), "");
  fs::remove_all(folder_ / "work/.gitignore");
  fs::remove_all(folder_ / ".git");
  write(".gitignore", "", 0644);
  EXPECT_THAT(problems(), Not(HasSubstr("git does not"))) << "no repository";
}

TEST_F(SetupCheckTest, KeysInConfigurationAndRoles) {
  write("parley.yaml", "# 配置\nservices:\n  ark: {key: " + marked_key() + "}\n", 0644);
  write("roles/joe.yaml",
        "personality: |\n  Use the token ghp_" + std::string("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8") + " for it.\n", 0644);
  auto const found = problems();
  EXPECT_THAT(found, HasSubstr("parley.yaml:3: this looks like a key"));
  EXPECT_THAT(found, HasSubstr("joe.yaml:2: this looks like a key"));
  EXPECT_THAT(found, Not(HasSubstr("q7Zb2")));
}

TEST_F(SetupCheckTest, FilesOthersMayReadOrChange) {
  write("keys.json", "{}", 0640);
  write("parley.yaml", "log: warn\n", 0666);
  write("work/.env", "A=1", 0644);
  write(".gitignore", ".env", 0644);
  auto const found = problems();
  EXPECT_THAT(found, HasSubstr("keys.json: others on this machine may read it"));
  EXPECT_THAT(found, HasSubstr("parley.yaml: others on this machine may change it"));
  EXPECT_THAT(found, HasSubstr(".env: others on this machine may read it"));
}

TEST_F(SetupCheckTest, AKeyThatCanBeGuessed) {
  ::setenv("PARLEY_SETUP_CHECK_TEST", ("hunter2, " + marked_key()).c_str(), 1);
  auto const found = problems();
  EXPECT_THAT(found, HasSubstr("key 1: it has 7 characters"));
  EXPECT_THAT(found, Not(HasSubstr("key 2")));
  EXPECT_THAT(found, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace parley::app
