#pragma once
// A server that speaks Volcengine's protocols on top of any engines: streaming recognition (/api/v3/sauc/*), bidirectional
// synthesis (/api/v3/tts/bidirection), Ark's chat completions (/api/v3/chat/completions) and the realtime dialogue
// (/api/v3/realtime/dialogue), as recorded from the real service: zero values left out, two-pass finals, ids on every event,
// refused upgrades with their bodies, error codes. Faults on demand.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "language/model.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::volcengine {

enum class Product { recognition, synthesis, chat, dialogue };

/// What goes wrong with one upgrade, session or request; of the dialogue with one turn.
struct Fault {
  enum class Kind {
    none,
    refuse,             ///< the upgrade or request, with `code` (45000010: 401, 45000030: 403, else 500); chat: HTTP `code`
    error_frame,        ///< with `code`, in place of the first result
    session_failed,     ///< synthesis, dialogue: event 153 with `code`
    reset,              ///< the connection is cut in place of the first result
    reset_midway,       ///< …behind the first result
    stall,              ///< nothing comes any more
    half_frame,         ///< a frame that ends too early
    wrong_compression,  ///< plain bytes that say they are gzip
  };
  Kind kind = Kind::none;
  std::uint32_t code = 0;
};

struct SimulatorOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  int threads = 1;
  std::string key;  ///< the only one that is accepted; empty: any that is not empty

  std::shared_ptr<speech::Recogniser const> recogniser;
  std::shared_ptr<language::Model> model;
  std::shared_ptr<speech::Synthesiser const> synthesiser;
  std::string zh_voice, en_voice;  ///< of the synthesiser, for whatever speaker is named

  /// Added to what the engines take.
  std::chrono::milliseconds asr_final{0}, first_token{0}, first_sound{0};
  std::chrono::milliseconds packet_timeout{8'000};  ///< of recognition: 45000081
  std::chrono::milliseconds idle_timeout{25'000};   ///< of a synthesis connection between sessions, of a dialogue: 52000042
  bool gzip_replies = false;
  bool positive_last_sequence = false;
  std::chrono::milliseconds interim_every{1'000};  ///< of sound, the words so far; zero: never
  /// Asked once for every session or request, from any thread. Empty: nothing ever goes wrong.
  std::function<Fault(Product, std::uint64_t number)> fault;
};

class Simulator {
 public:
  struct Counts {
    std::uint64_t connections = 0, recognitions = 0, syntheses = 0, chats = 0, dialogue_turns = 0, faults = 0;
  };

  [[nodiscard]] static core::Result<std::unique_ptr<Simulator>> start(SimulatorOptions options);
  ~Simulator();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] Counts counts() const;

 private:
  struct Implementation;
  explicit Simulator(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace parley::cloud::volcengine
