#include "app/model_shelf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>

namespace parley::app {
namespace {

using language::Delta;
using language::Finish;
using language::GenerateRequest;
using State = ModelShelf::State;

using Names = std::set<std::string>;

/// Says its name, at once. Stands in the list of those that are there for as long as it is.
class Named final : public language::Model {
 public:
  Named(std::string name, std::shared_ptr<Names> there) : name_(std::move(name)), there_(std::move(there)) {
    there_->insert(name_);
  }
  ~Named() override { there_->erase(name_); }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] core::Job generate(GenerateRequest, Sink sink) override {
    sink(Delta{name_});
    sink(Finish{});
    return {};
  }
  [[nodiscard]] core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }

 private:
  std::string name_;
  std::shared_ptr<Names> there_;
};

/// Loads when it may, and fits so many at once.
struct Loader {
  core::Result<ModelShelf::Model> operator()(std::string const& name, ModelShelf::MakeRoom const& make_room) const {
    may.wait();
    if (name == "broken") return core::fail(core::Code::unavailable, "it is broken", name);
    while (there->size() >= room) {
      if (!make_room()) return core::fail(core::Code::unavailable, "it does not fit", "memory");
    }
    ++*loads;
    return std::make_shared<Named>(name, there);
  }
  std::shared_future<void> may;
  std::size_t room = 2;
  std::shared_ptr<Names> there = std::make_shared<Names>();  // only the shelf's thread looks
  std::shared_ptr<std::atomic<int>> loads = std::make_shared<std::atomic<int>>(0);
};

std::shared_future<void> at_once() {
  std::promise<void> now;
  now.set_value();
  return now.get_future().share();
}

/// What the model says; waits for it.
std::string said(ModelShelf::Model const& model) {
  auto const text = std::make_shared<std::promise<std::string>>();
  auto const job = model->generate({}, [text, all = std::string()](language::Piece piece) mutable {
    if (auto const* delta = std::get_if<Delta>(&piece)) all += delta->text;
    if (auto const* error = std::get_if<core::Error>(&piece)) text->set_value("error: " + error->message);
    if (std::holds_alternative<Finish>(piece)) text->set_value(all);
  });
  return text->get_future().get();
}

TEST(ModelShelf, LoadsAtTheFirstRequestAndKeeps) {
  Loader loader{at_once()};
  ModelShelf shelf({"one", "two"}, loader);
  EXPECT_EQ(shelf.find("three"), nullptr);
  auto const one = shelf.find("one");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->name(), "one");
  EXPECT_EQ(shelf.state("one"), State::away);
  EXPECT_EQ(said(one), "one");
  EXPECT_EQ(shelf.state("one"), State::loaded);
  EXPECT_EQ(said(one), "one");
  EXPECT_EQ(*loader.loads, 1);
  shelf.unload("one");
  EXPECT_EQ(shelf.state("one"), State::away);
  EXPECT_EQ(said(one), "one");
  EXPECT_EQ(*loader.loads, 2);
}

TEST(ModelShelf, WhoeverWasUsedLongestAgoMakesRoom) {
  Loader loader{at_once()};
  ModelShelf shelf({"one", "two", "three"}, loader);
  EXPECT_EQ(said(shelf.find("one")), "one");
  EXPECT_EQ(said(shelf.find("two")), "two");
  EXPECT_EQ(said(shelf.find("one")), "one");
  EXPECT_EQ(said(shelf.find("three")), "three");
  EXPECT_EQ(shelf.state("two"), State::away);
  EXPECT_EQ(shelf.state("one"), State::loaded);
}

TEST(ModelShelf, WhatCannotBeLoadedIsSaidToThoseWhoWait) {
  Loader loader{at_once(), 0};
  ModelShelf shelf({"one", "broken"}, loader);
  EXPECT_EQ(said(shelf.find("broken")), "error: it is broken");
  EXPECT_EQ(said(shelf.find("one")), "error: it does not fit");
  EXPECT_EQ(shelf.state("one"), State::away);
}

TEST(ModelShelf, WhoGivesUpWhileItIsLoadedIsToldNothing) {
  std::promise<void> may;
  ModelShelf shelf({"one"}, Loader{may.get_future().share()});
  auto const one = shelf.find("one");
  bool told = false;
  {
    auto const job = one->generate({}, [&told](language::Piece const&) { told = true; });
    EXPECT_EQ(shelf.state("one"), State::loading);
  }
  may.set_value();
  EXPECT_EQ(said(one), "one");  // it stood behind him in the line
  EXPECT_FALSE(told);
}

TEST(ModelShelf, TheLineIsBoundedAndIsToldWhenTheServerEnds) {
  std::promise<void> may;
  std::vector<std::string> errors;
  std::vector<core::Job> jobs;
  ModelShelf::Model one;
  {
    ModelShelf shelf({"one", "two"}, Loader{may.get_future().share()});
    one = shelf.find("one");
    shelf.load("two");
    while (jobs.size() <= ModelShelf::most_waiting) {
      jobs.push_back(one->generate({}, [&errors](language::Piece const& piece) {
        if (auto const* error = std::get_if<core::Error>(&piece)) errors.push_back(error->message);
      }));
    }
    EXPECT_THAT(errors, testing::ElementsAre(testing::HasSubstr("many wait")));
    jobs.clear();  // they give up, and the line is empty again
    jobs.push_back(one->generate({}, [](language::Piece const&) {}));
    EXPECT_EQ(errors.size(), 1U);
    jobs.clear();
    may.set_value();
  }
  EXPECT_EQ(said(one), "error: the server is ending");
}

}  // namespace
}  // namespace parley::app
