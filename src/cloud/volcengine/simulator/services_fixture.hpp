#pragma once
// For tests of the clients: a simulator, the clients that talk to it over real sockets, and what they gave.
#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "cloud/net/network.hpp"
#include "cloud/openai/chat_model.hpp"
#include "cloud/volcengine/recogniser.hpp"
#include "cloud/volcengine/simulator/scripted_engines.hpp"
#include "cloud/volcengine/simulator/simulator.hpp"
#include "cloud/volcengine/synthesiser.hpp"

namespace parley::cloud::volcengine {

using namespace std::chrono_literals;

/// Collects what a sink is given, from any thread.
template <class T>
class Collected {
 public:
  auto sink() {
    return [shared = shared_](T value) {
      std::lock_guard const lock(shared->mutex);
      shared->values.push_back(std::move(value));
      shared->changed.notify_all();
    };
  }
  template <class Done>
  std::vector<T> wait(Done done, std::chrono::milliseconds patience = 10s) {
    std::unique_lock lock(shared_->mutex);
    EXPECT_TRUE(shared_->changed.wait_for(lock, patience, [&] { return done(shared_->values); })) << "it never came";
    return shared_->values;
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<T> values;
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

class ServicesTest : public testing::Test {
 protected:
  /// A simulator that tells no words unasked.
  static SimulatorOptions asked_only() {
    SimulatorOptions options;
    options.interim_every = 0ms;
    return options;
  }
  void start(SimulatorOptions options = asked_only()) {
    options.recogniser = scripted_recogniser({"北京今天天气怎么样", "谢谢你", "what time is it"});
    if (!options.model) options.model = scripted_model();
    options.synthesiser = scripted_synthesiser();
    options.key = "marked-key";
    auto simulator = Simulator::start(std::move(options));
    ASSERT_TRUE(simulator) << simulator.error().message;
    simulator_ = *std::move(simulator);
    auto network = net::Network::start();
    ASSERT_TRUE(network);
    network_ = *std::move(network);
  }
  void start(std::function<Fault(Product, std::uint64_t)> fault) {
    auto options = asked_only();
    options.fault = std::move(fault);
    start(std::move(options));
  }

  net::Address at(std::string const& path) const {
    return *net::parse_address("ws://127.0.0.1:" + std::to_string(simulator_->port()) + path);
  }
  static Account account(std::string const& key = "marked-key") { return {"", {}, Secret(key)}; }

  std::unique_ptr<Recogniser> recogniser(std::string const& key = "marked-key",
                                         std::string const& path = "/api/v3/sauc/bigmodel_async") const {
    Recogniser::Options options;
    options.service = "doubao";
    options.address = at(path);
    options.account = account(key);
    options.final_within = 2s;
    return std::make_unique<Recogniser>(*network_, std::move(options));
  }
  std::unique_ptr<Synthesiser> synthesiser(std::string const& key = "marked-key", int connections = 10,
                                           std::string const& path = "/api/v3/tts/bidirection") const {
    Synthesiser::Options options;
    options.service = "doubao";
    options.address = at(path);
    options.account = path.starts_with("/api/v1/") ? Account{"app", Secret(key), {}} : account(key);
    options.connections = connections;
    options.first_sound_within = 2s;
    options.between = 1s;
    return std::make_unique<Synthesiser>(*network_, std::move(options));
  }
  std::unique_ptr<openai::ChatModel> model(std::string const& key = "marked-key") const {
    openai::ChatModel::Options options;
    options.service = "ark";
    options.address = at("/api/v3");
    options.key = Secret(key);
    options.chat.model = "ep-20240726155307-abcde";
    options.chat.thinking = "disabled";
    options.patience.between = 1s;
    return std::make_unique<openai::ChatModel>(*network_, std::move(options));
  }

  static core::Result<speech::Transcript> transcript(speech::Recogniser const& recogniser, int ms = 1000) {
    Collected<core::Result<speech::Transcript>> said;
    auto const stream = recogniser.open({"zh", "豆包、火山引擎"}, said.sink());
    audio::Samples const sound(static_cast<std::size_t>(ms) * 16, 0.3F);
    for (std::size_t i = 0; i < sound.size(); i += 512) {
      stream->push(std::span(sound).subspan(i, std::min<std::size_t>(512, sound.size() - i)));
    }
    stream->transcribe(7, core::Urgency::final_transcript);
    return said.wait([](auto const& values) { return !values.empty(); }).back();
  }
  struct Spoken {
    std::size_t samples = 0;
    std::optional<core::Error> error;
  };
  static Spoken spoken(speech::Synthesiser const& synthesiser, std::string const& text = "你好，我是豆包。",
                       std::shared_ptr<core::Ledger> ledger = nullptr) {
    Collected<core::Result<speech::SpokenBlock>> heard;
    auto const job =
        synthesiser.speak({text, "zh", "doubao:zh_female_vv_uranus_bigtts", 1.0F, {}, std::move(ledger)}, heard.sink());
    auto const blocks = heard.wait([](auto const& b) { return !b.empty() && (!b.back() || b.back()->last); });
    Spoken result;
    for (auto const& block : blocks) {
      if (block) {
        result.samples += block->samples.size();
      } else {
        result.error = block.error();
      }
    }
    return result;
  }
  struct Written {
    std::string text;
    std::optional<language::Finish> finish;
    std::optional<core::Error> error;
  };
  static Written written(Collected<language::Piece>& pieces) {
    Written result;
    for (auto const& piece :
         pieces.wait([](auto const& p) { return !p.empty() && !std::holds_alternative<language::Delta>(p.back()); })) {
      if (auto const* delta = std::get_if<language::Delta>(&piece)) result.text += delta->text;
      if (auto const* finish = std::get_if<language::Finish>(&piece)) result.finish = *finish;
      if (auto const* error = std::get_if<core::Error>(&piece)) result.error = *error;
    }
    return result;
  }
  static Written written(language::Model& model, std::string const& asked = "北京在哪里") {
    Collected<language::Piece> pieces;
    language::GenerateRequest request;
    request.messages = {{language::Speaker::system, "你是小禾。"}, {language::Speaker::user, asked}};
    auto const job = model.generate(std::move(request), pieces.sink());
    return written(pieces);
  }

  std::unique_ptr<Simulator> simulator_;
  std::unique_ptr<net::Network> network_;  // after the clients' targets, before the clients, which tests make
};

}  // namespace parley::cloud::volcengine
