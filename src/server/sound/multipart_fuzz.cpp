// Any bytes as a form: no read outside them, and every part lies inside.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/sound/multipart.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  auto const cut = std::min<std::size_t>(bytes.find('\n'), size);
  std::string_view const body = bytes.substr(cut);
  for (std::string_view const type : {bytes.substr(0, cut), std::string_view("multipart/form-data; boundary=x")}) {
    auto const parts = parley::server::parse_form(type, body);
    if (!parts) continue;
    for (auto const& part : *parts) {
      if (part.body.data() < body.data() || part.body.data() + part.body.size() > body.data() + body.size()) __builtin_trap();
    }
  }
  return 0;
}
