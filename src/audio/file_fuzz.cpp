#include <cstddef>
#include <cstdint>
#include <string>

#include "audio/file.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  (void)parley::audio::parse_recording(std::string(reinterpret_cast<char const*>(data), size), "fuzz", 16000, 10);
  return 0;
}
