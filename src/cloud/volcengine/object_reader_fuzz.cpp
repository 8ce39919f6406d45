// Any bytes are a streamed body: cut anywhere it holds the same objects, and every one of them means something or is refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cloud/volcengine/http_speaking.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley::cloud::volcengine;
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  ObjectReader whole, parts;
  auto const at_once = whole.push(bytes);
  std::vector<std::string> bit_by_bit;
  for (std::size_t i = 0; i < size; ++i) {
    auto some = parts.push(bytes.substr(i, 1));
    if (!some) return 0;
    for (auto& object : *some) bit_by_bit.push_back(std::move(object));
  }
  if (!at_once || *at_once != bit_by_bit) __builtin_trap();
  for (auto const& object : bit_by_bit) (void)understand_object(object);
  return 0;
}
