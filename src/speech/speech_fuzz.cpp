// Any bytes, in any pieces: the clauses joined are the text, and each can be spoken.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/utf8.hpp"
#include "speech/clause_cutter.hpp"
#include "speech/spoken_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  std::size_t const step = data[0] % 32U + 1;
  std::string const text(reinterpret_cast<char const*>(data) + 1, size - 1);
  parley::speech::ClauseCutter cutter;
  std::string joined;
  auto const take = [&joined](std::vector<std::string> const& clauses) {
    for (auto const& clause : clauses) {
      if (clause.empty()) std::abort();
      joined += clause;
      for (auto const* const language : {"zh", "en"}) {
        if (!parley::core::is_valid_utf8(parley::speech::spoken_text(clause, language))) std::abort();
      }
    }
  };
  for (std::size_t i = 0; i < text.size(); i += step) take(cutter.push(std::string_view(text).substr(i, step)));
  take(cutter.finish());
  if (joined != text) std::abort();
  return 0;
}
