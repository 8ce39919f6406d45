// Any bytes are a frame or an error; a frame that was read is written and read again without change, and means something to
// every dialect.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cloud/volcengine/dialect.hpp"
#include "cloud/volcengine/dialogue/codec.hpp"
#include "cloud/volcengine/frame.hpp"
#include "cloud/volcengine/recognition_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley::cloud::volcengine;
  auto frame = decode({reinterpret_cast<char const*>(data), size}, std::size_t{1} << 20U);
  if (!frame) return 0;
  if (frame->type == MessageType::error && frame->compression == Compression::gzip) frame->compression = Compression::none;
  auto const again = decode(encode(*frame));
  if (!again || *again != *frame) __builtin_trap();
  for (auto const dialect : {Dialect::bidirection, Dialect::unidirection, Dialect::v1}) {
    (void)understand(dialect, *frame, frame->id.value_or(""));
  }
  (void)read_recognition(*frame);
  (void)dialogue::read(*frame);
  return 0;
}
