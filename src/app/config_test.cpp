#include "app/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace parley::app {
namespace {

TEST(Config, TheShippedFileIsTheDefault) {
  auto const shipped = load_config(share_folder() / "config" / "parley.yaml");
  ASSERT_TRUE(shipped) << core::describe(shipped.error());
  Config const built_in;
  EXPECT_EQ(shipped->host, built_in.host);
  EXPECT_EQ(shipped->port, built_in.port);
  EXPECT_EQ(shipped->role, built_in.role);
  EXPECT_EQ(shipped->voices, built_in.voices);
  EXPECT_EQ(shipped->llm, built_in.llm);
  EXPECT_EQ(shipped->guard, built_in.guard);
  EXPECT_EQ(shipped->log, built_in.log);
}

TEST(Config, EmptyIsFineAndMistakesNameTheLine) {
  EXPECT_TRUE(parse_config("", "c.yaml"));
  EXPECT_EQ(parse_config("server:\n  port: 9000\n", "c.yaml")->port, 9000);
  EXPECT_EQ(parse_config("server:\n  prot: 9000\n", "c.yaml").error().message,
            "line 2: 'server' has no key 'prot'; did you mean 'port'?");
  EXPECT_THAT(parse_config("server: {port: 70000}", "c.yaml").error().message, testing::HasSubstr("0 to 65535"));
  EXPECT_THAT(parse_config("role: [a]", "c.yaml").error().message, testing::HasSubstr("must be a text"));
  EXPECT_THAT(parse_config("a: b: c", "c.yaml").error().message, testing::HasSubstr("no YAML"));
  EXPECT_EQ(load_config("/nowhere/parley.yaml").error().code, core::Code::not_found);
}

TEST(Config, AdaptersHaveNamesAndFiles) {
  auto const config = parse_config("adapters:\n  polite: {file: lora/polite.gguf, scale: 0.5}\n  terse: {file: /t.gguf}\n",
                                   "/etc/parley/c.yaml");
  ASSERT_TRUE(config) << core::describe(config.error());
  ASSERT_EQ(config->adapters.size(), 2U);
  EXPECT_EQ(config->adapters[0].name, "polite");
  EXPECT_EQ(config->adapters[0].file, "/etc/parley/lora/polite.gguf");
  EXPECT_EQ(config->adapters[0].scale, 0.5);
  EXPECT_EQ(config->adapters[1].file, "/t.gguf");
  EXPECT_EQ(config->adapters[1].scale, 1);
  EXPECT_THAT(parse_config("adapters: {polite: {scale: 1}}", "c.yaml").error().message, testing::HasSubstr("needs a 'file'"));
  EXPECT_THAT(parse_config("adapters: {default: {file: a}}", "c.yaml").error().message, testing::HasSubstr("name of its own"));
  EXPECT_THAT(parse_config("adapters: [a.gguf]", "c.yaml").error().message, testing::HasSubstr("must hold names"));
}

TEST(Config, FurtherModelsAreAList) {
  EXPECT_THAT(parse_config("models: {more: [smollm2-135m-instruct, /m/x.gguf]}", "c.yaml")->more_models,
              testing::ElementsAre("smollm2-135m-instruct", "/m/x.gguf"));
  EXPECT_TRUE(Config{}.lookup);
  EXPECT_FALSE(parse_config("models: {lookup: false}", "c.yaml")->lookup);
  EXPECT_THAT(parse_config("models: {lookup: perhaps}", "c.yaml").error().message, testing::HasSubstr("true or false"));
  EXPECT_THAT(parse_config("models: {more: one}", "c.yaml").error().message, testing::HasSubstr("a list"));
}

TEST(Config, KeysComeFromTheEnvironmentOnly) {
  Config config;
  config.keys_from = "PARLEY_TEST_KEYS";
  EXPECT_TRUE(keys_of(config).empty());
  setenv("PARLEY_TEST_KEYS", "one, two,,", 1);
  EXPECT_EQ(keys_of(config), (std::vector<std::string>{"one", "two"}));
  unsetenv("PARLEY_TEST_KEYS");
}

}  // namespace
}  // namespace parley::app
