#include "core/sha256.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <vector>

#include "core/test_folder.hpp"

namespace parley::core {
namespace {

// The vectors of FIPS 180-4 (NIST's examples).
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_of(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesEqualTheWholeWhereverItIsCut) {
  std::string const text =
      "你好，很高兴认识你。 The quick brown fox jumps over the lazy dog, and sixty-four bytes are one block.";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 sum;
    sum.update(std::string_view(text).substr(0, cut));
    sum.update(std::string_view(text).substr(cut));
    EXPECT_EQ(sum.hex(), sha256_of(text)) << cut;
  }
}

TEST(Sha256, MovingKeepsTheState) {
  Sha256 first;
  first.update("ab");
  Sha256 second = std::move(first);
  second.update("c");
  EXPECT_EQ(second.hex(), sha256_of("abc"));
}

class FileSum : public testing::Test {
 protected:
  void write(std::string const& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  TestFolder const folder_;
  std::filesystem::path const path_ = folder_ / "file";
};

TEST_F(FileSum, OfAFileLongerThanOneBlockAndTellsHowFarItIs) {
  std::string const bytes((std::size_t{1} << 20) * 2 + 17, 'x');
  write(bytes);
  std::vector<std::size_t> seen;
  auto const sum = sha256_of_file(path_, [&](std::size_t done) { seen.push_back(done); });
  ASSERT_TRUE(sum) << describe(sum.error());
  EXPECT_EQ(*sum, sha256_of(bytes));
  EXPECT_THAT(seen, testing::ElementsAre(1U << 20, 2U << 20, bytes.size()));
}

TEST_F(FileSum, OfAnEmptyFile) {
  write("");
  EXPECT_EQ(sha256_of_file(path_).value(), sha256_of(""));
}

TEST_F(FileSum, AMissingFileAndAFolderAreErrorsThatNameThem) {
  auto const missing = sha256_of_file(path_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(missing.error().subject, path_.string());
  auto const folder = sha256_of_file(std::filesystem::temp_directory_path());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::invalid);
}

}  // namespace
}  // namespace parley::core
