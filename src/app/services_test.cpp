#include "app/services.hpp"

#include <gmock/gmock.h>

#include "app/booked_engines.hpp"
#include "app/config.hpp"
#include "cloud/volcengine/simulator/scripted_engines.hpp"

namespace parley::app {
namespace {

using core::Code;

std::unique_ptr<Services> services_of(std::string const& use) {
  auto const config = parse_config(R"(services:
  ark: {kind: chat, url: 'http://127.0.0.1:1/api/v3', model: m}
  other: {kind: chat, url: 'http://127.0.0.1:1/v1', model: n}
  locked: {kind: chat, url: 'http://127.0.0.1:1/v1', model: n, key_from: PARLEY_NO_SUCH_KEY}
  ears: {kind: openai-transcription, url: 'http://127.0.0.1:1/v1', model: w}
  voice: {kind: openai-speech, url: 'http://127.0.0.1:1/v1', model: t, voices: {zh: a}}
  live: {kind: volcengine-dialogue, url: 'ws://127.0.0.1:1/api/v3/realtime/dialogue', key_from: PATH, voices: {zh: v}}
  old: {kind: volcengine-dialogue, url: 'ws://127.0.0.1:1/d', app_id: '1', token_from: PATH}
  vectors: {kind: embeddings, url: 'http://127.0.0.1:1/v1', model: e, dimensions: 3}
)" + use,
                                   "c.yaml");
  EXPECT_TRUE(config) << core::describe(config.error());
  auto services = Services::open(config->services);
  EXPECT_TRUE(services) << core::describe(services.error());
  return *std::move(services);
}

TEST(Services, ARoleMayNameOthersThanTheHouse) {
  auto const services = services_of("use: {model: ark, embedder: vectors}\n");
  auto const house = services->model({}, nullptr);
  ASSERT_TRUE(house);
  EXPECT_EQ((*house)->name(), "m");
  auto const of_role = services->model({"other", "ark"}, nullptr);  // made now
  ASSERT_TRUE(of_role) << core::describe(of_role.error());
  EXPECT_EQ((*of_role)->name(), "n");
  EXPECT_EQ(*services->model({"other", "ark"}, nullptr), *of_role);  // what fails one call is known to the next
  EXPECT_NE(*services->model({"other"}, nullptr), *of_role);
  EXPECT_TRUE(services->recogniser({"ears"}, nullptr));
  auto const voice = services->synthesiser({"voice"}, nullptr, {});
  ASSERT_TRUE(voice);
  EXPECT_EQ((*voice)->voices().front().name, "voice:a");
  ASSERT_TRUE(services->embedder());
  EXPECT_EQ(services->embedder()->identity(), "e/3");
}

TEST(Services, AWholeCallIsASessionOfEachCallsOwn) {
  auto const services = services_of("");
  Services::Three const local{nullptr, cloud::volcengine::scripted_model(), cloud::volcengine::scripted_synthesiser()};
  language::Role role;
  role.recogniser = role.model = role.synthesiser = {"live", "local"};
  EXPECT_EQ(services->for_call(role, local, {}).error().code, Code::unavailable);  // nobody behind its ears
  Services::Three const all{cloud::volcengine::scripted_recogniser({"a"}), local.model, local.synthesiser};
  auto const one = services->for_call(role, all, {});
  auto const two = services->for_call(role, all, {});
  ASSERT_TRUE(one) << core::describe(one.error());
  ASSERT_TRUE(two);
  EXPECT_NE(one->model, two->model);
  EXPECT_EQ(one->model->name(), "live");
  EXPECT_TRUE(one->synthesiser->check("kokoro:zf_xiaoxiao"));         // one voice stands in for all
  auto const text = services->model({"live", "local"}, local.model);  // of what is no call, the others
  ASSERT_TRUE(text);
  EXPECT_EQ((*text)->name(), "scripted");
  role.model = {"ark"};
  EXPECT_EQ(services->for_call(role, all, {}).error().code, Code::invalid);
  role.recogniser = role.model = role.synthesiser = {"old", "local"};
  EXPECT_THAT(services->for_call(role, all, {}).error().message, testing::HasSubstr("app_key"));
}

TEST(Services, WhatARoleCannotHaveIsSaid) {
  auto const services = services_of("");
  EXPECT_EQ(services->model({"nobody"}, nullptr).error().code, Code::not_found);
  EXPECT_EQ(services->model({"ears"}, nullptr).error().code, Code::invalid);
  EXPECT_EQ(services->model({"local"}, nullptr).error().code, Code::unavailable);
  EXPECT_EQ(services->model({"locked"}, nullptr).error().code, Code::not_found);  // its key
  EXPECT_TRUE(services->model({"ark", "local"}, cloud::volcengine::scripted_model()));
  EXPECT_EQ(*services->model({}, nullptr), nullptr);  // no list anywhere: what is local
  EXPECT_EQ(services->embedder(), nullptr);
}

TEST(BookedEngines, EveryRequestSaysWhoseItIs) {
  struct Model final : language::Model {
    std::string name() const override { return "m"; }
    core::Job generate(language::GenerateRequest request, Sink) override {
      if (request.ledger) request.ledger->add({.service = "ark", .product = request.client});
      return {};
    }
    core::Job prepare(std::vector<language::Message>, core::Urgency) override { return {}; }
  };
  conversation::Engines engines;
  engines.model = std::make_shared<Model>();
  auto const ledger = std::make_shared<core::Ledger>();
  auto const all = booked(engines, {ledger, "key_1"});
  EXPECT_EQ(all.recogniser, nullptr);
  auto const job = all.model->generate({}, [](language::Piece const&) {});
  auto const uses = ledger->take();
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].service, "ark");
  EXPECT_EQ(uses[0].product, "key_1");
  EXPECT_TRUE(ledger->take().empty());
}

}  // namespace
}  // namespace parley::app
