#include "knowledge/ingest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <fstream>

#include "core/test_folder.hpp"
#include "core/utf8.hpp"
#include "knowledge/encoding.hpp"
#include "knowledge/reader.hpp"
#include "knowledge/search.hpp"
#include "knowledge/test_embedder.hpp"
#include "knowledge/words.hpp"

namespace parley::knowledge {
namespace {

using language::Purpose;
using language::Vector;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class IngestTest : public ::testing::Test {
 protected:
  IngestTest() {
    auto opened = Store::open(folder_ / "base.db", embedder_.identity(), embedder_.dimensions());
    EXPECT_TRUE(opened);
    store_ = std::move(*opened);
  }

  std::filesystem::path write(std::string const& name, std::string const& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  std::vector<FileReport> run(std::vector<std::filesystem::path> const& paths) {
    auto const files = files_in(paths);
    EXPECT_TRUE(files);
    auto reports = ingest(*store_, embedder_, *files, {}, {});
    EXPECT_TRUE(reports) << core::describe(reports.error());
    return reports.value_or(std::vector<FileReport>{});
  }

  core::TestFolder const folder_;
  WordEmbedder embedder_;
  std::unique_ptr<Store> store_;
};

/// The smallest PDF of two pages that viewers accept.
std::string two_pages(std::string const& first, std::string const& second) {
  std::string pdf = "%PDF-1.4\n";
  std::vector<std::size_t> offsets;
  int number = 0;
  auto const object = [&](std::string const& body) {
    offsets.push_back(pdf.size());
    pdf += std::to_string(++number) + " 0 obj\n" + body + "\nendobj\n";
  };
  auto const page = [](int content) {
    return "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</Font<</F 7 0 R>>>>/Contents " +
           std::to_string(content) + " 0 R>>";
  };
  auto const stream = [](std::string const& text) {
    auto const drawn = "BT /F 12 Tf 20 200 Td (" + text + ") Tj ET";
    return "<</Length " + std::to_string(drawn.size()) + ">>stream\n" + drawn + "\nendstream";
  };
  object("<</Type/Catalog/Pages 2 0 R>>");
  object("<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>");
  object(page(5));
  object(page(6));
  object(stream(first));
  object(stream(second));
  object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
  auto const table = pdf.size();
  pdf += "xref\n0 8\n0000000000 65535 f \n";
  for (auto const offset : offsets) {
    auto digits = std::to_string(offset);
    pdf += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
  }
  return pdf + "trailer<</Size 8/Root 1 0 R>>\nstartxref\n" + std::to_string(table) + "\n%%EOF\n";
}

TEST_F(IngestTest, OnlyWhatChangedIsReadAgainAndABrokenFileIsSkipped) {
  write("a.txt", "苹果是一种水果。");
  write("b.md", "# Fruit\n\nA banana is yellow.");
  write("broken.pdf", "%PDF-1.4 and nothing else");
  write("c.docx", "no zip");
  write("ignored.bin", "x");
  auto reports = run({folder_});
  ASSERT_EQ(reports.size(), 4U);
  EXPECT_EQ(reports[0].fate, Fate::added);
  EXPECT_EQ(reports[1].fate, Fate::added);
  EXPECT_EQ(reports[2].fate, Fate::failed);
  EXPECT_THAT(reports[2].reason, HasSubstr("PDF cannot be read"));
  EXPECT_EQ(reports[3].fate, Fate::failed);
  EXPECT_THAT(reports[3].reason, HasSubstr("DOCX is broken"));
  std::size_t const before = embedder_.embedded;
  write("a.txt", "苹果是一种红色的水果。");
  reports = run({folder_});
  EXPECT_EQ(reports[0].fate, Fate::updated);
  EXPECT_EQ(reports[1].fate, Fate::unchanged);
  EXPECT_EQ(embedder_.embedded, before + 1);
  EXPECT_EQ(store_->documents()->size(), 2U);
  EXPECT_EQ((*store_->document((folder_ / "b.md").string()))->title, "Fruit");
}

TEST_F(IngestTest, PassagesOfAPdfKnowTheirPage) {
  write("two.pdf", two_pages("Apples are red.", "Bananas are yellow."));
  auto const reports = run({folder_ / "two.pdf"});
  ASSERT_EQ(reports.front().fate, Fate::added) << reports.front().reason;
  SearchOptions options;
  options.least_cosine = 2;  // by words alone
  auto const found = search(*store_, embedder_, "yellow bananas", options, core::Urgency::text);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().page, 2);
  EXPECT_EQ(found->front().text, "Bananas are yellow.");
}

TEST_F(IngestTest, WhatHasNothingToDoWithItIsNoHit) {
  write("a.txt", "苹果是一种水果。");
  run({folder_});
  EXPECT_THAT(*search(*store_, embedder_, "量子力学", {}, core::Urgency::text), IsEmpty());
  EXPECT_FALSE(search(*store_, embedder_, "  ", {}, core::Urgency::text));
}

TEST_F(IngestTest, StoppedItSaysSoAndGoesOnWhereItWas) {
  write("a.txt", "one");
  write("b.txt", "two");
  std::stop_source stop;
  IngestWatch watch;
  watch.stop = stop.get_token();
  watch.progress = [&](IngestProgress const& now) {
    if (now.done == 1) stop.request_stop();
  };
  auto const files = *files_in({folder_});
  auto const stopped = ingest(*store_, embedder_, files, {}, watch);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, core::Code::cancelled);
  auto const reports = run({folder_});
  EXPECT_EQ(reports[0].fate, Fate::unchanged);
  EXPECT_EQ(reports[1].fate, Fate::added);
  EXPECT_FALSE(files_in({folder_ / "nowhere"}));
}

TEST_F(IngestTest, TextWithoutAFileHasANameAndCanBeReplaced) {
  EXPECT_EQ(ingest_text(*store_, embedder_, "faq", "FAQ", "退货期是七天。", {})->fate, Fate::added);
  EXPECT_EQ(ingest_text(*store_, embedder_, "faq", "FAQ", "退货期是七天。", {})->fate, Fate::unchanged);
  EXPECT_EQ(ingest_text(*store_, embedder_, "faq", "FAQ", "退货期是三十天。", {})->fate, Fate::updated);
  EXPECT_FALSE(ingest_text(*store_, embedder_, "faq", "", "\xFF", {}));
  EXPECT_FALSE(ingest_text(*store_, embedder_, "faq", "", " \n", {}));
}

TEST(EncodingTest, ChineseInGb18030AndUtf16IsRead) {
  // 中文内容在这里，今天的天气很好，我们去公园。 in GB18030
  std::string const gb =
      "\xD6\xD0\xCE\xC4\xC4\xDA\xC8\xDD\xD4\xDA\xD5\xE2\xC0\xEF\xA3\xAC\xBD\xF1\xCC\xEC\xB5\xC4\xCC\xEC\xC6\xF8\xBA\xDC\xBA\xC3"
      "\xA3"
      "\xAC\xCE\xD2\xC3\xC7\xC8\xA5\xB9\xAB\xD4\xB0\xA1\xA3";
  EXPECT_EQ(text_to_utf8(gb).value_or(""), "中文内容在这里，今天的天气很好，我们去公园。");
  EXPECT_EQ(text_to_utf8(std::string("\xFF\xFE\x2D\x4E\x0D\x00\x0A\x00", 8)).value_or(""), "中\n");
  EXPECT_EQ(text_to_utf8("\xEF\xBB\xBF"
                         "a\r\nb\rc")
                .value_or(""),
            "a\nb\nc");
  EXPECT_FALSE(text_to_utf8(std::string("a\0b", 3)));
}

TEST(ReaderTest, HtmlIsWhatAReaderSees) {
  auto const page = read_html(
      "<html><head><title>标题</title><style>p{}</style></head><body><h2>One</h2><p>Text with <b>bold</b>\n  words.</p>"
      "<script>var x = 1;</script><ul><li>first<li>second</ul><pre>a\n  b</pre></body>");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->title, "标题");
  EXPECT_EQ(page->pages.front(), "## One\n\nText with bold words.\n\nfirst\nsecond\n\na\n  b");
}

TEST(ReaderTest, DocxAndCsv) {
  auto const letter =
      read_docx_xml(R"(<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>第一段</w:t></w:r><w:r><w:tab/><w:t>x</w:t></w:r></w:p>)"
                    R"(<w:p><w:r><w:t>second</w:t><w:delText>gone</w:delText></w:r></w:p></w:body></w:document>)");
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->pages.front(), "第一段\tx\nsecond\n");
  EXPECT_FALSE(read_docx_xml("<w:document>"));
  auto const table = read_csv("名称;价格\n苹果;\"3;5\"\n梨;\n");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->pages.front(), "名称: 苹果; 价格: 3;5\n\n名称: 梨\n\n");
}

}  // namespace
}  // namespace parley::knowledge
