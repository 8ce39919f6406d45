#include "language/role.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/test_folder.hpp"
#include "language/role_writer.hpp"

namespace parley::language {
namespace {

using testing::HasSubstr;

TEST(Role, WholeFile) {
  auto const role = parse_role(R"(
name: 小墨
language: zh
personality: |
  你是一位温和的书店店员。
greeting: 你好，我是小墨。
voice: {zh: "kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4", en: "piper:en_US-joe-medium"}
speed: 1.1
eagerness: high
sampling: {temperature: 0.3, max_tokens: 80, seed: 7}
)",
                               "roles/xiaomo.yaml");
  ASSERT_TRUE(role) << core::describe(role.error());
  EXPECT_EQ(role->id, "xiaomo");
  EXPECT_EQ(role->personality, "你是一位温和的书店店员。");
  EXPECT_EQ(role->voices.at("zh"), "kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4");
  EXPECT_EQ(role->sampling.max_tokens, 80);
  EXPECT_FLOAT_EQ(role->speed, 1.1F);
  EXPECT_THAT(instructions(*role), HasSubstr("你是小墨。"));
}

TEST(Role, AVoiceAloneIsForItsOwnLanguage) {
  auto const role = parse_role("name: Joe\nlanguage: en\npersonality: a host\nvoice: piper:en_US-joe-medium\n", "joe.yaml");
  ASSERT_TRUE(role);
  EXPECT_EQ(role->voices, (std::map<std::string, std::string>{{"en", "piper:en_US-joe-medium"}}));
  EXPECT_THAT(instructions(*role), HasSubstr("You are Joe. a host"));
}

TEST(Role, KnowledgeIsANameOrAList) {
  std::string const head = "name: a\nlanguage: zh\npersonality: b\n";
  EXPECT_THAT(parse_role(head + "knowledge: shop\n", "a.yaml")->knowledge, testing::ElementsAre("shop"));
  EXPECT_THAT(parse_role(head + "knowledge: [shop, faq]\n", "a.yaml")->knowledge, testing::ElementsAre("shop", "faq"));
  EXPECT_FALSE(parse_role(head + "knowledge: {a: b}\n", "a.yaml"));
  auto const served = parse_role(head + "recogniser: ears\nmodel: [ark, local]\nsynthesiser: doubao\n", "a.yaml");
  ASSERT_TRUE(served);
  EXPECT_THAT(served->recogniser, testing::ElementsAre("ears"));
  EXPECT_THAT(served->model, testing::ElementsAre("ark", "local"));
  EXPECT_THAT(parse_role(*write_role(*served, ""), "a.yaml")->model, testing::ElementsAre("ark", "local"));
  EXPECT_THAT(parse_role(head + "modle: ark\n", "a.yaml").error().message, HasSubstr("did you mean 'model'?"));
}

TEST(Role, MistakesNameTheLineAndTheKey) {
  struct Case {
    char const *yaml, *says;
  };
  std::string const head = "name: A\nlanguage: zh\npersonality: p\n";
  for (auto const& [tail, says] :
       {Case{"sped: 2\n", "line 4: a role has no key 'sped'; did you mean 'speed'?"},
        Case{"speed: fast\n", "line 4: 'speed' must be a number from 0.25 to 4"},
        Case{"speed: .nan\n", "'speed' must be a number"}, Case{"eagerness: wild\n", "'eagerness' must be"},
        Case{"voice: {fr: x}\n", "'voice' has no key 'fr'"}, Case{"sampling: 3\n", "'sampling' must be a list of keys"},
        Case{"greeting: [a\n", "this is no YAML"}}) {
    auto const role = parse_role(head + tail, "a.yaml");
    ASSERT_FALSE(role) << tail;
    EXPECT_THAT(role.error().message, HasSubstr(says));
    EXPECT_EQ(role.error().subject, "a.yaml");
  }
  EXPECT_THAT(parse_role("name: A\nlanguage: zh\n", "a.yaml").error().message, HasSubstr("'personality' is missing"));
  EXPECT_THAT(parse_role("name: A\nlanguage: fr\npersonality: p\n", "a.yaml").error().message, HasSubstr("zh or en"));
  EXPECT_FALSE(parse_role("", "a.yaml"));
  EXPECT_FALSE(parse_role("name: A\nlanguage: zh\npersonality: \"\xff\xfe\"\n", "a.yaml"));
}

TEST(Roles, FolderIsReadAfreshAndIdsStayInside) {
  core::TestFolder const folder;
  auto write = [&](char const* greeting) {
    std::ofstream(folder / "waiter.yaml") << "name: W\nlanguage: en\npersonality: p\ngreeting: " << greeting << "\n";
  };
  Roles const roles(folder);
  write("Hello.");
  EXPECT_EQ(roles.load("waiter")->greeting, "Hello.");
  write("Good evening.");
  EXPECT_EQ(roles.load("waiter")->greeting, "Good evening.");
  EXPECT_THAT(roles.load("waitr").error().message, HasSubstr("did you mean 'waiter'?"));
  EXPECT_THAT(roles.load("pirate").error().message, HasSubstr("there are: waiter"));
  EXPECT_EQ(roles.load("../roles/waiter").error().code, core::Code::not_found);
  EXPECT_EQ(roles.load("").error().code, core::Code::not_found);
}

// The roles that are shipped are good ones.
TEST(Roles, AllThatAreShippedLoad) {
  Roles const roles(std::filesystem::path(PARLEY_SOURCE_DIR) / "roles");
  int chinese = 0, english = 0;
  for (auto const& id : roles.ids()) {
    auto const role = roles.load(id);
    ASSERT_TRUE(role) << core::describe(role.error());
    (role->language == "zh" ? chinese : english)++;
    EXPECT_FALSE(role->greeting.empty()) << id;
    EXPECT_TRUE(role->voices.contains(role->language)) << id;
  }
  EXPECT_GE(chinese, 2);
  EXPECT_GE(english, 2);
}

TEST(RoleWriter, WhatIsWrittenIsReadBackAndTheRestOfTheFileStays) {
  std::string const before =
      "# 茶馆\n# 掌柜\nname: 老张\nlanguage: zh\npersonality: 掌柜\nsampling: {temperature: 0.7, max_tokens: 140}\n";
  auto role = parse_role(before, "laozhang.yaml");
  ASSERT_TRUE(role);
  role->personality = "第一行：有\"引号\"和 # 井号\n第二行 - 不是列表";
  role->greeting = "来啦您: 里边请";
  role->voices = {{"zh", "kokoro:zm_yunxi*0.7+zm_yunjian*0.3"}};
  role->speed = 0.95F;
  auto const yaml = write_role(*role, before);
  ASSERT_TRUE(yaml) << core::describe(yaml.error());
  EXPECT_TRUE(yaml->starts_with("# 茶馆\n# 掌柜\n"));
  EXPECT_THAT(*yaml, HasSubstr("0.95"));
  auto const again = parse_role(*yaml, "laozhang.yaml");
  ASSERT_TRUE(again) << core::describe(again.error());
  EXPECT_EQ(again->personality, role->personality);
  EXPECT_EQ(again->greeting, role->greeting);
  EXPECT_EQ(again->sampling.max_tokens, 140);
}

TEST(RoleWriter, AMistakeIsNamedAndNothingIsWritten) {
  Role role;
  role.id = "x";
  role.name = "X";
  role.language = "fr";
  role.personality = "y";
  auto const refused = write_role(role, "");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("zh or en"));
}

TEST(RoleWriter, SavedIntoTheFolderAndNeverOutOfIt) {
  core::TestFolder const folder;
  Roles const roles(folder);
  Role role;
  role.name = "新人";
  role.language = "zh";
  role.personality = "你是新来的。";
  for (auto const* bad : {"", "../x", "a/b", ".x", "a b", "A"}) {
    role.id = bad;
    EXPECT_FALSE(roles.save(role)) << bad;
  }
  for (auto const* good : {"xinren", "新人"}) {
    role.id = good;
    ASSERT_TRUE(roles.save(role)) << good;
    EXPECT_EQ(roles.load(good)->personality, "你是新来的。");
  }
  EXPECT_EQ(roles.ids().size(), 2U);
  std::filesystem::remove_all(folder.path());
  EXPECT_FALSE(roles.save(role));
}

}  // namespace
}  // namespace parley::language
