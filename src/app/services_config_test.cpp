#include "app/services_config.hpp"

#include <gmock/gmock.h>

#include "app/config.hpp"

namespace parley::app {
namespace {

std::string mistake(std::string const& yaml) {
  auto const config = parse_config(yaml, "c.yaml");
  return config ? "" : config.error().message;
}

TEST(ServicesConfig, TheShippedOneIsReadAndUsesNothingLocal) {
  auto const config = load_config(share_folder() / "config" / "volcengine-simulated.yaml");
  ASSERT_TRUE(config) << core::describe(config.error());
  auto const& services = config->services;
  EXPECT_EQ(services.services.at("ark").thinking, "disabled");
  EXPECT_EQ(services.services.at("doubao").voices.at("zh"), "zh_female_vv_uranus_bigtts");
  EXPECT_FALSE(ServicesConfig::local(services.use.recogniser));
  EXPECT_FALSE(ServicesConfig::local(services.use.model));
  EXPECT_FALSE(ServicesConfig::local(services.use.synthesiser));
  EXPECT_TRUE(ServicesConfig::local(Config().services.use.model));  // without a list, the machine's own
}

TEST(ServicesConfig, MistakesNameTheLineAndWhatToDo) {
  using testing::HasSubstr;
  std::string const chat = "services:\n  ark: {kind: chat, url: 'https://a/api', model: m}\n";
  EXPECT_EQ(mistake(chat + "use: {model: [ark, local]}\n"), "");
  EXPECT_THAT(mistake(chat + "use: {model: arc}\n"), HasSubstr("no service 'arc'"));
  EXPECT_THAT(mistake(chat + "use: {recogniser: ark}\n"), HasSubstr("is a chat"));
  EXPECT_THAT(mistake(chat + "use: {embedder: ark}\n"), HasSubstr("here a embeddings is needed"));
  EXPECT_THAT(mistake("services:\n  e: {kind: embeddings, url: 'https://a', model: m}\n"), HasSubstr("needs dimensions"));
  EXPECT_THAT(mistake("services:\n  s: {kind: openai-speech, url: 'https://a'}\n"), HasSubstr("needs a model"));
  EXPECT_THAT(mistake(chat + "use: {modle: ark}\n"), HasSubstr("did you mean 'model'?"));
  EXPECT_THAT(mistake("services:\n  ark: {kind: chat, url: 'https://a'}\n"), HasSubstr("needs a model"));
  EXPECT_THAT(mistake("services:\n  ark: {kind: chatt, url: 'https://a'}\n"), HasSubstr("needs a kind"));
  EXPECT_THAT(mistake("services:\n  ark: {kind: chat, ulr: 'https://a'}\n"),
              HasSubstr("line 2: the service 'ark' has no key 'ulr'"));
  EXPECT_THAT(mistake("services:\n  local: {kind: chat}\n"), HasSubstr("not called 'local'"));
  EXPECT_THAT(mistake("services:\n  ark: {pitch: 99}\n"), HasSubstr("-12 to 12"));
  EXPECT_THAT(mistake("services: [a]\n"), HasSubstr("line 1"));
}

TEST(ServicesConfig, AWholeCallLeadsAllThreeListsWithSomebodyBehindIt) {
  using testing::HasSubstr;
  auto const shipped = load_config(share_folder() / "config" / "volcengine-dialogue.yaml");
  ASSERT_TRUE(shipped) << core::describe(shipped.error());
  auto const& use = shipped->services.use;
  EXPECT_EQ(shipped->services.whole_call_of(use.recogniser, use.model, use.synthesiser).value_or("?"), "doubao-live");
  EXPECT_EQ(shipped->services.whole_call_of({"local"}, {}, {}).value_or("?"), "");
  std::string const live =
      "services:\n  live: {kind: volcengine-dialogue, url: 'wss://a/d'}\n  ark: {kind: chat, url: 'https://a', model: m}\n";
  auto const used = [&](char const* lists) { return mistake(live + "use: {" + lists + "}\n"); };
  EXPECT_EQ(used("recogniser: [live, local], model: [live, ark], synthesiser: [live, local]"), "");
  EXPECT_THAT(used("model: [live, local]"), HasSubstr("in one session"));
  EXPECT_THAT(used("recogniser: live, model: live, synthesiser: live"), HasSubstr("as in [live, local]"));
  EXPECT_THAT(used("recogniser: [local, live], model: [live, local], synthesiser: [live, local]"), HasSubstr("comes first"));
}

TEST(ServicesConfig, AKeyInTheFileIsRefusedAndNotRepeated) {
  auto const said = mistake("services:\n  ark: {kind: chat, url: 'https://a', model: m, key_from: sk-abc123}\n");
  EXPECT_THAT(said, testing::HasSubstr("the key itself does not belong here"));
  EXPECT_THAT(said, testing::Not(testing::HasSubstr("sk-abc123")));
}

}  // namespace
}  // namespace parley::app
