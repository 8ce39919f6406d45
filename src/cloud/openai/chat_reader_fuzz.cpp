// Any bytes are an answer: cut anywhere it reads the same, and after the end there is nothing.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cloud/openai/chat_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley;
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  cloud::openai::ChatReader whole, parts;
  auto const at_once = whole.push(bytes).size();
  std::size_t bit_by_bit = 0;
  for (std::size_t i = 0; i < size; ++i) bit_by_bit += parts.push(bytes.substr(i, 1)).size();
  if (at_once != bit_by_bit || whole.finished() != parts.finished()) __builtin_trap();
  (void)whole.end();
  if (whole.end() || !whole.push("data: [DONE]\n\n").empty()) __builtin_trap();
  return 0;
}
