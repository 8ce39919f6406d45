// A recording is a file like any other: whatever stands in it, it is read or refused.
#include "conversation/event_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const json = nlohmann::json::from_cbor(data, data + size, true, false);
  if (!json.is_object()) return 0;
  try {
    auto const event = parley::conversation::event_from(json);
    (void)parley::conversation::to_json(event);
  } catch (std::exception const&) {  // refused
  }
  return 0;
}
