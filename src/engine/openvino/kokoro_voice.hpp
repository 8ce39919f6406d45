#pragma once
// Kokoro's voices: 54 tables of style vectors, one row for every clause length, which can be mixed by weighted sums.
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace parley::engine {

struct VoicePart {
  std::string name;
  float weight = 1;

  bool operator==(VoicePart const&) const = default;
};

/// "zf_xiaoxiao" or "zf_xiaoxiao*0.6+zm_yunxi*0.4": names with weights above 0 (none: 1), scaled to a sum of 1, a name that
/// comes twice counted once, sorted by name, so that equal mixes are equal values. invalid with what is wrong.
[[nodiscard]] core::Result<std::vector<VoicePart>> parse_voice(std::string_view text);

/// The reverse, with the weights to three digits: one spelling for every way to write a mix.
[[nodiscard]] std::string spell(std::span<VoicePart const> parts);

/// The style vectors of one voice or of a mix.
class KokoroStyle {
 public:
  static constexpr std::size_t rows = 510;  ///< one for every number of symbols in a clause, from 1
  static constexpr std::size_t width = 256;

  explicit KokoroStyle(std::vector<float> values) : values_(std::move(values)) {}

  /// Row n - 1 for n symbols, as the model was trained; longer clauses use the last. 256 floats: 128 for the decoder, 128 for
  /// the prosody.
  [[nodiscard]] std::span<float const, width> of(std::size_t symbols) const noexcept;
  [[nodiscard]] std::span<float const> values() const noexcept { return values_; }

 private:
  std::vector<float> values_;
};

/// All voices of a folder, in memory (half a megabyte each). Immutable, so thread-safe.
class KokoroVoices {
 public:
  /// Reads `directory`/*.bin, float32 [510, 1, 256] each. not_found or invalid with what to do.
  [[nodiscard]] static core::Result<KokoroVoices> read(std::filesystem::path const& directory);

  [[nodiscard]] std::vector<std::string> names() const;  ///< sorted
  /// not_found with near names for a voice that is not here, else what `parse_voice` says.
  [[nodiscard]] core::Result<std::vector<VoicePart>> find(std::string_view text) const;
  /// `parts` as `find` gives them.
  [[nodiscard]] KokoroStyle mix(std::span<VoicePart const> parts) const;

 private:
  std::map<std::string, std::vector<float>, std::less<>> tables_;
};

}  // namespace parley::engine
