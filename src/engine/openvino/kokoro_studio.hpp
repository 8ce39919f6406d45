#pragma once
// The voices in use, each with what was measured of it: loaded from disk, or measured sentence by sentence behind the calls.
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "engine/arbiter.hpp"
#include "engine/openvino/kokoro_calibration.hpp"
#include "engine/openvino/kokoro_networks.hpp"
#include "engine/openvino/kokoro_voice.hpp"

namespace parley::engine {

/// One voice or mix. Thread-safe.
class KokoroSpeaker {
 public:
  using Done = std::function<void(core::Result<void>)>;
  static constexpr std::size_t enough = 5;  ///< points that already foretell any length well

  KokoroSpeaker(std::string name, KokoroStyle style, std::span<std::u32string_view const> text, std::filesystem::path file);

  [[nodiscard]] std::string const& name() const noexcept { return name_; }
  [[nodiscard]] KokoroStyle const& style() const noexcept { return style_; }

  struct Expected {
    KokoroMoments moments;
    int early = 0;  ///< by how many frames sound may begin before the silence at the start is over
  };
  /// What to expect of a clause of so many symbols; nothing as long as too little was measured.
  [[nodiscard]] std::optional<Expected> expect(std::size_t symbols) const;

  [[nodiscard]] bool complete() const;  ///< everything was measured
  /// Whether everything was measured already; if not, `done` (may be empty) waits for it, and `begin` says that nobody is at
  /// it.
  struct Asked {
    bool complete = false;
    bool begin = false;
  };
  [[nodiscard]] Asked ask(Done done);
  /// Measures one more sentence; true when there is more to do. Only by whom `ask` told to begin.
  [[nodiscard]] bool measure(KokoroNetworks& networks);

 private:
  void finish(core::Result<void> result);

  std::string name_;
  KokoroStyle style_;
  std::span<std::u32string_view const> text_;
  std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::vector<CalibrationPoint> points_;
  std::size_t next_ = 0;
  bool measuring_ = false;
  std::vector<Done> waiting_;
};

/// Thread-safe.
class KokoroStudio {
 public:
  KokoroStudio(KokoroVoices voices, std::string digest, std::filesystem::path directory);

  [[nodiscard]] KokoroVoices const& voices() const noexcept { return voices_; }
  /// Errors of KokoroVoices::find. Reads what was measured before, when there is such a file.
  [[nodiscard]] core::Result<std::shared_ptr<KokoroSpeaker>> speaker(std::string const& voice);

 private:
  static constexpr std::size_t most_speakers = 32;  // half a megabyte each and as much again of measurements

  KokoroVoices voices_;
  std::string digest_;
  std::filesystem::path directory_;
  std::mutex mutex_;
  std::list<std::shared_ptr<KokoroSpeaker>> speakers_;  // the one used last in front
};

}  // namespace parley::engine
