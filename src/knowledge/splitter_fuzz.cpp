// Any text under any rules: chunks are what their offsets say, in the order of the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/utf8.hpp"
#include "knowledge/splitter.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley::knowledge;
  if (size < 4) return 0;
  SplitRules rules;
  rules.size = data[0] % 40U + 1;
  rules.overlap = data[1] % (rules.size + 1);
  rules.keep = static_cast<Keep>(data[2] % 2);
  rules.measure = static_cast<Measure>(data[3] % 5);
  rules.whole_graphemes = (data[3] & 0x80) != 0;
  std::string const rest(reinterpret_cast<char const*>(data) + 4, size - 4);
  auto const line = rest.find('\n');
  if ((data[2] & 0x80) != 0 && line != std::string::npos) {  // the first line is a separator of its own
    rules.separators = {rest.substr(0, line), "", " "};
    rules.regex = (data[2] & 0x40) != 0;
  }
  auto const splitter = Splitter::make(rules);
  if (!splitter) return 0;
  auto const chunks = splitter->split(rest);
  if (!chunks) return 0;
  auto const source = parley::core::decode_utf8(rest);
  std::size_t last = 0;
  for (auto const& chunk : *chunks) {
    auto const covered = std::u32string_view(source).substr(chunk.begin, chunk.end - chunk.begin);
    if (chunk.text.empty() || chunk.begin < last || parley::core::encode_utf8(covered) != chunk.text) std::abort();
    last = chunk.begin;
  }
  return 0;
}
