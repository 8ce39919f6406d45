#include "models/archive.hpp"

#include <gmock/gmock.h>

#include "core/sha256.hpp"
#include "core/test_folder.hpp"
#include "models/test_archive.hpp"

namespace parley::models {
namespace {

using testing::HasSubstr;

class Archives : public testing::TestWithParam<Shape> {
 protected:
  core::TestFolder folder_;
  std::string const big_ = core::noise(700000);
  std::map<std::string, Extraction> wanted_{{"data/big.bin", {folder_ / "out/big", ""}},
                                            {"数据/小.txt", {folder_ / "out/small", ""}}};

  std::filesystem::path make() {
    auto const path = folder_ / "archive";
    write_archive(path, GetParam(),
                  {{"a/other", core::noise(1000)}, {"data/big.bin", big_}, {"data/empty", ""}, {"数据/小.txt", "你好"}});
    return path;
  }
};

INSTANTIATE_TEST_SUITE_P(Both, Archives, testing::Values(Shape::wheel, Shape::npm));

TEST_P(Archives, GiveTheMembersThatAreWantedAndTheirHashes) {
  std::uint64_t told = 0;
  auto const done = extract(make(), wanted_, [&](std::uint64_t bytes) { told = bytes; }, {});
  ASSERT_TRUE(done) << core::describe(done.error());
  EXPECT_EQ(core::read_file(folder_ / "out/big"), big_);
  EXPECT_EQ(core::read_file(folder_ / "out/small"), "你好");
  EXPECT_EQ(wanted_["data/big.bin"].sha256, core::sha256_of(big_));
  EXPECT_EQ(told, big_.size() + 6);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/other"));
}

TEST_P(Archives, AnEmptyMemberIsAMember) {
  std::map<std::string, Extraction> wanted{{"data/empty", {folder_ / "empty", ""}}};
  ASSERT_TRUE(extract(make(), wanted, {}, {}));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "empty"));
}

TEST_P(Archives, AMissingMemberIsNamed) {
  wanted_["data/absent.bin"].to = folder_ / "out/absent";
  auto const done = extract(make(), wanted_, {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().subject, "data/absent.bin");
}

TEST_P(Archives, AnArchiveThatEndsEarlyIsAnError) {
  auto const path = make();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  auto const done = extract(path, wanted_, {}, {});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("damaged or cut short"));
}

TEST_P(Archives, WhatIsNoArchiveIsAnError) {
  core::write_file(folder_ / "archive", "<html>please log in</html>");
  auto const done = extract(folder_ / "archive", wanted_, {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, core::Code::unavailable);
}

TEST_P(Archives, StopsInTheMiddle) {
  std::stop_source stop;
  auto const done = extract(make(), wanted_, [&](std::uint64_t) { stop.request_stop(); }, stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, core::Code::cancelled);
}

}  // namespace
}  // namespace parley::models
