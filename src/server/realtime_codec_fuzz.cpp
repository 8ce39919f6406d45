// Any bytes from a client, in any order, must leave the session whole: built with clang's libFuzzer, left out of the library.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/beta_shape.hpp"
#include "server/realtime_session.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley::server;
  RealtimeSession session(
      {{}, {}, {{"kokoro:zf_xiaoxiao", "zh"}}, [](std::string_view prefix) { return std::string(prefix) + "1"; }});
  std::string_view rest(reinterpret_cast<char const*>(data), size);
  while (!rest.empty()) {  // one message a line
    auto const end = rest.find('\n');
    for (auto const& message : {std::string(rest.substr(0, end)), beta::to_ga(rest.substr(0, end))}) {
      auto const intake = session.take(message);
      for (auto const& outgoing : intake.out) {
        if (!nlohmann::json::accept(outgoing.text)) __builtin_trap();
        if (auto const old = beta::from_ga(outgoing.text); old && !nlohmann::json::accept(*old)) __builtin_trap();
      }
    }
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return 0;
}
