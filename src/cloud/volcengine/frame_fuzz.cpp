// Any bytes are a frame or an error; a frame that was read is written and read again without change.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cloud/volcengine/frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley::cloud::volcengine;
  auto frame = decode({reinterpret_cast<char const*>(data), size}, std::size_t{1} << 20U);
  if (!frame) return 0;
  if (frame->type == MessageType::error && frame->compression == Compression::gzip) frame->compression = Compression::none;
  auto const again = decode(encode(*frame));
  if (!again || *again != *frame) __builtin_trap();
  return 0;
}
