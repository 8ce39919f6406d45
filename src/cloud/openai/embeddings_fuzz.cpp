// Any bytes are an answer with embeddings, or they are refused; what is taken has the shape that was asked for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cloud/openai/embedder.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const read = parley::cloud::openai::read_embeddings({reinterpret_cast<char const*>(data), size}, 2, 3);
  if (!read) return 0;
  if (read->size() != 2 || read->front().size() != 3 || read->back().size() != 3) __builtin_trap();
  return 0;
}
