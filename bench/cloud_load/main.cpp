// What the protocols cost: the same engines asked directly and through clients, sockets and simulator, turn by turn; and many
// conversations at once. Prints one JSON object. bench/cloud_delay runs it.
//
//   cloud_load delay TURNS                 every turn: 2 s of sound in, a transcript, an answer, one clause of sound
//   cloud_load calls CALLS SECONDS         so many conversations, each sending sound at real time and taking turns
//   cloud_load faults TURNS SEED           turns over two services that break in every way: how each of them ends
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "cloud/net/network.hpp"
#include "cloud/openai/chat_model.hpp"
#include "cloud/volcengine/recogniser.hpp"
#include "cloud/volcengine/simulator/fault_walk.hpp"
#include "cloud/volcengine/simulator/scripted_engines.hpp"
#include "cloud/volcengine/simulator/simulator.hpp"
#include "cloud/volcengine/synthesiser.hpp"
#include "core/log.hpp"

namespace {

using namespace parley;
namespace openai = parley::cloud::openai;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point began) { return std::chrono::duration<double, std::milli>(Clock::now() - began).count(); }

struct Engines {
  std::shared_ptr<speech::Recogniser const> recogniser;
  std::shared_ptr<language::Model> model;
  std::shared_ptr<speech::Synthesiser const> synthesiser;
};

struct Clients : Engines {
  std::shared_ptr<openai::ChatModel> chat;
  std::shared_ptr<cloud::volcengine::Synthesiser> voice;
};

Clients clients_of(cloud::net::Network& network, std::uint16_t port, int connections) {
  auto const at = [&](std::string const& path) {
    return *cloud::net::parse_address("ws://127.0.0.1:" + std::to_string(port) + path);
  };
  cloud::volcengine::Account const account{"", {}, cloud::Secret("k")};
  Clients clients;
  cloud::volcengine::Recogniser::Options hearing;
  hearing.service = "ears";
  hearing.address = at("/api/v3/sauc/bigmodel_async");
  hearing.account = account;
  hearing.final_within = 20s;
  hearing.open_within = 20s;
  clients.recogniser = std::make_shared<cloud::volcengine::Recogniser>(network, std::move(hearing));
  openai::ChatModel::Options thinking;
  thinking.service = "ark";
  thinking.address = at("/api/v3");
  thinking.key = cloud::Secret("k");
  thinking.chat.model = "m";
  clients.chat = std::make_shared<openai::ChatModel>(network, std::move(thinking));
  clients.model = clients.chat;
  cloud::volcengine::Synthesiser::Options speaking;
  speaking.service = "doubao";
  speaking.address = at("/api/v3/tts/bidirection");
  speaking.account = account;
  speaking.connections = connections;
  speaking.first_sound_within = 20s;
  clients.voice = std::make_shared<cloud::volcengine::Synthesiser>(network, std::move(speaking));
  clients.synthesiser = clients.voice;
  return clients;
}

/// The moments that a listener waits for: final transcript, first token, first sound.
struct Turn {
  double transcript = 0, token = 0, sound = 0;
  bool failed = false;
  double sum() const { return transcript + token + sound; }
};

/// What is promised once, however often it happens.
struct First {
  std::promise<bool> promise;
  std::atomic<bool> kept = false;
  void now(bool well) {
    if (!kept.exchange(true)) promise.set_value(well);
  }
};

Turn answer(Engines const& engines, Turn turn) {
  auto began = Clock::now();
  auto token = std::make_shared<First>(), written = std::make_shared<First>();
  language::GenerateRequest request;
  request.messages = {{language::Speaker::user, "北京今天天气怎么样"}};
  auto const thinking = engines.model->generate(request, [token, written](language::Piece const& piece) {
    bool const error = std::holds_alternative<core::Error>(piece);
    token->now(!error);
    if (error || std::holds_alternative<language::Finish>(piece)) written->now(!error);
  });
  turn.failed = turn.failed || !token->promise.get_future().get();
  turn.token = ms_since(began);
  turn.failed = turn.failed || !written->promise.get_future().get();

  began = Clock::now();
  auto sound = std::make_shared<First>(), spoken = std::make_shared<First>();
  auto const speaking = engines.synthesiser->speak({"今天天气很好。", "zh", "doubao:zh_female_vv_uranus_bigtts", 1.0F, {}},
                                                   [sound, spoken](core::Result<speech::SpokenBlock> const& block) {
                                                     sound->now(block.has_value());
                                                     if (!block || block->last) spoken->now(block.has_value());
                                                   });
  turn.failed = turn.failed || !sound->promise.get_future().get();
  turn.sound = ms_since(began);
  turn.failed = turn.failed || !spoken->promise.get_future().get();
  return turn;
}

Turn hear(speech::UtteranceRecogniser& stream, std::shared_ptr<First> const& heard) {
  Turn turn;
  auto const began = Clock::now();
  stream.transcribe(1, core::Urgency::final_transcript);
  turn.failed = !heard->promise.get_future().get();
  turn.transcript = ms_since(began);
  return turn;
}

Turn whole_turn(Engines const& engines) {
  auto heard = std::make_shared<First>();
  auto const stream = engines.recogniser->open({}, [heard](core::Result<speech::Transcript> const& text) {
    if (!text || text->revision != 0) heard->now(text.has_value());
  });
  audio::Samples const frame(512, 0.3F);
  for (int i = 0; i < 62; ++i) stream->push(frame);
  std::this_thread::sleep_for(30ms);  // a person is slower than that
  return answer(engines, hear(*stream, heard));
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

std::unique_ptr<cloud::volcengine::Simulator> simulate(bool slow) {
  cloud::volcengine::SimulatorOptions options;
  options.recogniser = cloud::volcengine::scripted_recogniser({"北京今天天气怎么样"});
  options.model = cloud::volcengine::scripted_model();
  options.synthesiser = cloud::volcengine::scripted_synthesiser();
  if (slow) {
    options.asr_final = 250ms;
    options.first_token = 350ms;
    options.first_sound = 200ms;
  }
  auto simulator = cloud::volcengine::Simulator::start(std::move(options));
  return simulator ? *std::move(simulator) : nullptr;
}

nlohmann::json delay(int turns) {
  auto const simulator = simulate(false);
  auto const network = *cloud::net::Network::start();
  auto const far = clients_of(*network, simulator->port(), 4);
  Engines const near{cloud::volcengine::scripted_recogniser({"北京今天天气怎么样"}), cloud::volcengine::scripted_model(),
                     cloud::volcengine::scripted_synthesiser()};
  std::vector<double> direct, through, transcripts, tokens, sounds;
  int failed = 0, slow = 0;
  whole_turn(far);  // opens the connections
  for (int i = 0; i < turns; ++i) {
    direct.push_back(whole_turn(near).sum());
    auto const turn = whole_turn(far);
    failed += turn.failed ? 1 : 0;
    through.push_back(turn.sum());
    transcripts.push_back(turn.transcript);
    tokens.push_back(turn.token);
    sounds.push_back(turn.sound);
    if (turn.sum() < 5) continue;
    ++slow;
    std::cerr << "turn " << i << ": transcript " << turn.transcript << ", token " << turn.token << ", sound " << turn.sound
              << '\n';
  }
  auto const counts = far.chat->connections();
  return {{"turns", turns},
          {"failed", failed},
          {"direct_ms_median", percentile(direct, 0.5)},
          {"direct_ms_p99", percentile(direct, 0.99)},
          {"through_ms_median", percentile(through, 0.5)},
          {"through_ms_p99", percentile(through, 0.99)},
          {"through_ms_longest", percentile(through, 1)},
          {"turns_above_5_ms", slow},
          {"transcript_ms_p99", percentile(transcripts, 0.99)},
          {"token_ms_p99", percentile(tokens, 0.99)},
          {"sound_ms_p99", percentile(sounds, 0.99)},
          {"chat_connections_opened", counts.opened},
          {"chat_connections_reused", counts.reused},
          {"speech_connections_opened", far.voice->counts().opened},
          {"speech_sessions", far.voice->counts().sessions}};
}

/// Calls are stepped by a few threads: each sends 32 ms of sound when it is due; at the end of 3 s somebody answers.
nlohmann::json many(int calls, int seconds) {
  auto const simulator = simulate(true);
  auto const network = *cloud::net::Network::start();
  auto const far = clients_of(*network, simulator->port(), calls);
  audio::Samples const frame(512, 0.3F);
  std::mutex mutex;
  std::vector<double> sums;
  std::atomic<int> failed = 0, turns = 0;
  auto const end = Clock::now() + std::chrono::seconds(seconds);
  // Turns are asynchronous all the way; one thread a call would measure the threads.
  struct Call : std::enable_shared_from_this<Call> {
    std::unique_ptr<speech::UtteranceRecogniser> stream;
    int frames = 0, frames_until_pause = 94;
    bool answering = false;
    Clock::time_point asked, token_at, spoke_at;
    double transcript = 0, token = 0;
    core::Job thinking, speaking;
  };
  std::vector<std::shared_ptr<Call>> all;
  std::mt19937 random(1);
  for (int i = 0; i < calls; ++i) {
    all.push_back(std::make_shared<Call>());
    all.back()->frames = -static_cast<int>(random() % 160);  // not all in step
  }
  std::mutex states;
  auto const over = [&](std::shared_ptr<Call> const& call, bool well, double sum) {
    if (!well) ++failed;
    ++turns;
    {
      std::lock_guard const lock(mutex);
      sums.push_back(sum);
    }
    std::lock_guard const lock(states);
    call->answering = false;
    call->frames = -30;
  };
  auto const speak = [&](std::shared_ptr<Call> const& call) {
    auto const began = Clock::now();
    auto sounded = std::make_shared<std::atomic<double>>(-1);
    auto job = far.synthesiser->speak({"今天天气很好。", "zh", "doubao:zh_female_vv_uranus_bigtts", 1.0F, {}},
                                      [&, call, began, sounded](core::Result<speech::SpokenBlock> const& block) {
                                        if (*sounded < 0) *sounded = ms_since(began);
                                        if (!block || block->last) {
                                          over(call, block.has_value(), call->transcript + call->token + *sounded);
                                        }
                                      });
    std::lock_guard const lock(states);
    call->speaking = std::move(job);
  };
  auto const think = [&](std::shared_ptr<Call> const& call) {
    auto const began = Clock::now();
    language::GenerateRequest request;
    request.messages = {{language::Speaker::user, "北京今天天气怎么样"}};
    auto first = std::make_shared<std::atomic<bool>>(true);
    auto job = far.model->generate(request, [&, call, began, first](language::Piece const& piece) {
      if (first->exchange(false)) call->token = ms_since(began);
      if (std::holds_alternative<core::Error>(piece)) over(call, false, 0);
      if (std::holds_alternative<language::Finish>(piece)) speak(call);
    });
    std::lock_guard const lock(states);
    call->thinking = std::move(job);
  };
  for (auto due = Clock::now(); Clock::now() < end; due += 32ms) {
    std::this_thread::sleep_until(due);
    for (auto const& call : all) {
      {
        std::lock_guard const lock(states);
        if (call->answering || ++call->frames < 0) continue;
      }
      if (!call->stream) {
        call->stream = far.recogniser->open({}, [&, call](core::Result<speech::Transcript> const& text) {
          if (text && text->revision == 0) return;  // words on the way
          call->transcript = ms_since(call->asked);
          if (!text) return over(call, false, 0);
          think(call);
        });
      }
      call->stream->push(frame);
      if (call->frames < call->frames_until_pause) continue;
      call->asked = Clock::now();
      {
        std::lock_guard const lock(states);
        call->answering = true;
      }
      call->stream->transcribe(1, core::Urgency::final_transcript);
    }
    for (auto const& call : all) {  // an answered utterance is over
      std::lock_guard const lock(states);
      if (!call->answering && call->frames == -30) call->stream.reset();
    }
  }
  auto const memory = resident_mb();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::this_thread::sleep_for(3s);
  auto const chat = far.chat->connections();
  auto const cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
  return {{"calls", calls},
          {"seconds", seconds},
          {"turns", turns.load()},
          {"failed", failed.load()},
          {"first_sound_ms_median", percentile(sums, 0.5)},
          {"first_sound_ms_p99", percentile(sums, 0.99)},
          {"services_ms", 800},
          {"resident_mb", memory},
          {"cpu_seconds", cpu},
          {"chat_connections_opened", chat.opened},
          {"chat_connections_reused", chat.reused},
          {"speech_connections_opened", far.voice->counts().opened},
          {"speech_sessions", far.voice->counts().sessions}};
}

nlohmann::ordered_json faults(int turns, std::uint32_t seed) {
  namespace volcengine = cloud::volcengine;
  auto const walk = volcengine::fault_walk(turns, 48, seed);
  if (!walk) return {{"error", core::describe(walk.error())}};
  nlohmann::ordered_json injected;
  for (std::size_t kind = 1; kind < walk->faults.size(); ++kind) {
    injected[volcengine::name(static_cast<volcengine::Fault::Kind>(kind))] = walk->faults.at(kind);
  }
  return {{"turns", walk->turns()},
          {"answered", walk->answered},
          {"apologised", walk->apologised},
          {"not_understood", walk->not_understood},
          {"unspoken", walk->unspoken},
          {"without_a_word", walk->without_a_word},
          {"hung", walk->hung},
          {"longest_ms", walk->longest_ms},
          {"deadline_ms", std::chrono::milliseconds(volcengine::fault_walk_deadline).count()},
          {"injected", injected}};
}

}  // namespace

int main(int argc, char** argv) {
  parley::core::start_log("warn");  // to stderr: stdout is one JSON object
  std::vector<std::string> const words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "delay") {
    std::cout << delay(std::atoi(words[1].c_str())).dump(1) << std::endl;
    return 0;
  }
  if (words.size() == 3 && words[0] == "calls") {
    std::cout << many(std::atoi(words[1].c_str()), std::atoi(words[2].c_str())).dump(1) << std::endl;
    return 0;
  }
  if (words.size() == 3 && words[0] == "faults") {
    auto const walk = faults(std::atoi(words[1].c_str()), static_cast<std::uint32_t>(std::atoi(words[2].c_str())));
    std::cout << walk.dump(1) << std::endl;
    return walk.value("hung", 1) + walk.value("without_a_word", 1) == 0 ? 0 : 1;
  }
  std::cerr << "usage: cloud_load delay TURNS | calls CALLS SECONDS | faults TURNS SEED" << std::endl;
  return 2;
}
