#include "cloud/volcengine/simulator/fault_walk.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "cloud/net/network.hpp"
#include "cloud/openai/chat_model.hpp"
#include "cloud/resilience/apologetic_model.hpp"
#include "cloud/resilience/failover_model.hpp"
#include "cloud/resilience/failover_recogniser.hpp"
#include "cloud/resilience/failover_synthesiser.hpp"
#include "cloud/volcengine/dialogue/dialogue.hpp"
#include "cloud/volcengine/recogniser.hpp"
#include "cloud/volcengine/simulator/scripted_engines.hpp"
#include "cloud/volcengine/synthesiser.hpp"
#include "core/clock.hpp"

namespace parley::cloud::volcengine {
namespace {

using std::chrono::milliseconds;

// How a caller is served: recognition, chat and one of these; or all in one.
constexpr std::string_view dialogue_path = "/api/v3/realtime/dialogue";
constexpr std::array<std::string_view, 4> paths{"/api/v3/tts/bidirection", "/api/v3/tts/unidirectional/stream",
                                                "/api/v3/tts/unidirectional", dialogue_path};

struct Counting {
  std::mutex mutex;
  FaultWalk walk;
};

core::Result<std::unique_ptr<Simulator>> breaking(double share, std::uint32_t seed, std::shared_ptr<Counting> const& counting) {
  SimulatorOptions options;
  options.recogniser = scripted_recogniser({"北京今天天气怎么样", "what time is it"});
  options.model = scripted_model();
  options.synthesiser = scripted_synthesiser();
  options.fault = [counting, faults = random_faults(share, seed)](Product product, std::uint64_t number) {
    auto const fault = faults(product, number);
    std::lock_guard const lock(counting->mutex);
    ++counting->walk.faults.at(static_cast<std::size_t>(fault.kind));
    return fault;
  };
  return Simulator::start(std::move(options));
}

struct Engines {
  std::shared_ptr<speech::Recogniser const> recogniser;
  std::shared_ptr<language::Model> model;
  std::shared_ptr<speech::Synthesiser const> synthesiser;
};

/// The clients of one simulator, with little patience.
Engines clients(net::Network& network, std::uint16_t port, std::string_view served_by, std::string const& name) {
  auto const at = [&](std::string_view path) {
    net::Address address;
    address.tls = false;
    address.host = "127.0.0.1";
    address.port = port;
    address.path = path;
    return address;
  };
  Account const account{"", {}, Secret("k")};
  if (served_by == dialogue_path) {
    dialogue::Options options;
    options.service = name;
    options.address = at(dialogue_path);
    options.account = account;
    options.open_within = milliseconds(800);
    options.first_within = milliseconds(800);
    options.between = milliseconds(500);
    auto const faces = dialogue::open(network, std::move(options));
    return {faces.recogniser, faces.model, faces.synthesiser};
  }
  Recogniser::Options hearing;
  hearing.service = name;
  hearing.address = at("/api/v3/sauc/bigmodel_async");
  hearing.account = account;
  hearing.open_within = milliseconds(800);
  hearing.final_within = milliseconds(800);
  openai::ChatModel::Options thinking;
  thinking.service = name;
  thinking.address = at("/api/v3");
  thinking.key = Secret("k");
  thinking.chat.model = "m";
  thinking.patience = {milliseconds(800), milliseconds(800), milliseconds(500)};
  Synthesiser::Options speaking;
  speaking.service = name;
  speaking.address = at(served_by);
  speaking.account = account;
  speaking.connections = 64;
  speaking.open_within = milliseconds(800);
  speaking.first_sound_within = milliseconds(800);
  speaking.between = milliseconds(500);
  return {std::make_shared<Recogniser>(network, std::move(hearing)),
          std::make_shared<openai::ChatModel>(network, std::move(thinking)),
          std::make_shared<Synthesiser>(network, std::move(speaking))};
}

Engines together(std::vector<Engines> const& all) {
  std::vector<FailoverRecogniser::List::Entry> hearing;
  std::vector<Providers<language::Model>::Entry> thinking;
  std::vector<FailoverSynthesiser::Speaker> speaking;
  for (auto const& one : all) {
    auto const name = "service" + std::to_string(hearing.size());
    hearing.push_back({name, one.recogniser});
    thinking.push_back({name, one.model});
    speaking.push_back({name, one.synthesiser, false, {}, {{"zh", name + ":zh_female_vv_uranus_bigtts"}}});
  }
  return {std::make_shared<FailoverRecogniser>(std::move(hearing)),
          std::make_shared<ApologeticModel>(std::make_shared<FailoverModel>(std::move(thinking))),
          std::make_shared<FailoverSynthesiser>(std::move(speaking))};
}

/// What is told once, however often it is told.
template <class T>
struct Told {
  std::promise<T> promise;
  std::atomic<bool> kept = false;
  void operator()(T value) {
    if (!kept.exchange(true)) promise.set_value(std::move(value));
  }
  /// None: it never came.
  std::optional<T> wait() {
    auto future = promise.get_future();
    if (future.wait_for(fault_walk_deadline) != std::future_status::ready) return std::nullopt;
    return future.get();
  }
};

using Ending = int FaultWalk::*;

std::optional<core::Result<std::string>> hear(Engines const& engines) {
  auto const told = std::make_shared<Told<core::Result<std::string>>>();
  auto const stream = engines.recogniser->open({}, [told](core::Result<speech::Transcript> const& said) {
    if (said && said->revision == 0) return;  // words on the way
    (*told)(said ? core::Result<std::string>(said->text) : std::unexpected(said.error()));
  });
  stream->push(audio::Samples(8000, 0.3F));
  stream->transcribe(1, core::Urgency::final_transcript);
  return told->wait();
}

/// The whole answer; empty when there is none.
std::optional<std::string> think(Engines const& engines, std::string const& question) {
  auto const told = std::make_shared<Told<std::string>>();
  auto const text = std::make_shared<std::string>();
  language::GenerateRequest request;
  request.messages = {{language::Speaker::user, question}};
  auto const job = engines.model->generate(std::move(request), [told, text](language::Piece const& piece) {
    if (auto const* delta = std::get_if<language::Delta>(&piece)) *text += delta->text;
    if (std::holds_alternative<language::Finish>(piece)) (*told)(*text);
    if (std::holds_alternative<core::Error>(piece)) (*told)({});
  });
  return told->wait();
}

std::optional<bool> speak(Engines const& engines, std::string const& text) {
  auto const told = std::make_shared<Told<bool>>();
  auto const job = engines.synthesiser->speak({text, "zh", "service0:zh_female_vv_uranus_bigtts", 1.0F, {}},
                                              [told](core::Result<speech::SpokenBlock> const& block) {
                                                if (!block || block->last) (*told)(block.has_value());
                                              });
  return told->wait();
}

Ending turn(Engines const& engines) {
  auto const heard = hear(engines);
  if (!heard) return &FaultWalk::hung;
  if (!*heard) return &FaultWalk::not_understood;
  auto const text = think(engines, **heard);
  if (!text) return &FaultWalk::hung;
  if (text->empty()) return &FaultWalk::without_a_word;
  auto const spoken = speak(engines, *text);
  if (!spoken) return &FaultWalk::hung;
  if (!*spoken) return &FaultWalk::unspoken;
  bool const sorry = text->find("抱歉") != std::string::npos || text->find("I am sorry") != std::string::npos;
  return sorry ? &FaultWalk::apologised : &FaultWalk::answered;
}

}  // namespace

core::Result<FaultWalk> fault_walk(int turns, int at_once, std::uint32_t seed) {
  auto const counting = std::make_shared<Counting>();
  auto const first = breaking(0.4, seed, counting);
  auto const second = breaking(0.2, seed + 1, counting);
  if (!first) return std::unexpected(first.error());
  if (!second) return std::unexpected(second.error());
  auto const network = net::Network::start();
  if (!network) return std::unexpected(network.error());
  std::atomic<int> left = turns;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < at_once; ++i) {
      // Every caller has clients of its own, so that what one service did to another caller closes no door for this one.
      auto const path = paths.at(static_cast<std::size_t>(i) % paths.size());
      callers.emplace_back([&, path] {
        auto const engines = together(
            {clients(**network, (*first)->port(), path, "first"), clients(**network, (*second)->port(), path, "second")});
        while (left-- > 0) {
          auto const began = core::Clock::now();
          auto const ending = turn(engines);
          auto const ms = std::chrono::duration<double, std::milli>(core::Clock::now() - began).count();
          std::lock_guard const lock(counting->mutex);
          ++(counting->walk.*ending);
          counting->walk.longest_ms = std::max(counting->walk.longest_ms, ms);
        }
      });
    }
  }
  std::lock_guard const lock(counting->mutex);
  return counting->walk;
}

}  // namespace parley::cloud::volcengine
