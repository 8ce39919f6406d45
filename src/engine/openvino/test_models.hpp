#pragma once
// Where the model tests find models and the one real recording.
#include <cstdlib>
#include <filesystem>

#include "audio/file.hpp"

namespace parley::engine {

inline std::filesystem::path test_home() {
  if (char const* const home = std::getenv("PARLEY_HOME")) return home;
  char const* const home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : ".") / ".cache/parley";
}

inline std::filesystem::path test_model(std::string const& id) { return test_home() / "models" / id; }

/// Eleven seconds of Kennedy's inaugural address, which come with whisper.cpp.
inline core::Result<audio::Recording> test_speech() {
  return audio::read_recording(test_home() / "src/pywhispercpp-1.5.1/whisper.cpp/samples/jfk.wav", audio::heard_hz);
}

}  // namespace parley::engine
