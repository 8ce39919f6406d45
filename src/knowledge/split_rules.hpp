#pragma once
// How a text is to be cut into chunks. The names and the defaults are those of LangChain's RecursiveCharacterTextSplitter
// (langchain-text-splitters 1.1.3), so that an index made there is made again here, chunk for chunk.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace parley::knowledge {

/// In what a chunk's size is counted.
enum class Measure : std::uint8_t {
  code_points,
  utf8_bytes,
  utf16_units,
  words,               // runs of non-space
  code_points_over_4,  // (code points + 3) / 4: what a token is reckoned at when no tokenizer is at hand
  tokens,              // `SplitRules::count_tokens`
};

/// Where a separator goes when the text is cut at it.
enum class Keep : std::uint8_t {
  start,  // to the start of the piece behind it (LangChain's default)
  end,    // to the end of the piece before it: a full stop stays with its sentence
  none,   // away; it comes back only between pieces that are joined again
};

struct SplitRules {
  std::size_t size = 4000;
  std::size_t overlap = 200;                                   ///< at most `size`; made of whole pieces, so it is often less
  std::vector<std::string> separators{"\n\n", "\n", " ", ""};  ///< tried in this order; "" cuts anywhere
  bool regex = false;                                          ///< separators are regular expressions (PCRE2, Unicode)
  Keep keep = Keep::start;
  Measure measure = Measure::code_points;
  std::function<std::size_t(std::string_view)> count_tokens{};  ///< with Measure::tokens; thread-safe
  bool strip = true;                                            ///< take white space off both ends of a chunk
  bool whole_graphemes = false;  ///< "" cuts between user-perceived characters, not inside 👨‍👩‍👧 or é
};

/// zh (300/50, sentence marks kept at ends), en (800/120), markdown, html, code; and LangChain's languages python, cpp, java,
/// js, go, rust with its separators. not_found names those there are.
[[nodiscard]] core::Result<SplitRules> split_preset(std::string_view name);

/// `{"chunk_size", "chunk_overlap", "separators", "keep_separator", "is_separator_regex", "length_function",
/// "strip_whitespace", "language", "preset", "grapheme_safe"}`, all optional. An unknown key is invalid.
[[nodiscard]] core::Result<SplitRules> split_rules_from_json(nlohmann::json const& params);

[[nodiscard]] std::size_t length_of(std::string_view text, SplitRules const& rules);  ///< of valid UTF-8

/// What Python's str.strip takes off: White_Space and U+001C..U+001F, but not U+200B and U+FEFF.
[[nodiscard]] bool is_strippable(char32_t c) noexcept;

}  // namespace parley::knowledge
