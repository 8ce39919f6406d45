// libFuzzer: whatever the text, the catalog is either read or refused with an error that has a sentence and a place.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "models/catalog.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  auto const catalog = parley::models::Catalog::parse(text);
  if (!catalog) {
    if (catalog.error().message.empty() || catalog.error().subject.empty()) std::abort();
    return 0;
  }
  for (auto const& model : catalog->models()) {
    if (catalog->find(model.id) != &model || model.files.empty() || model.sources.empty()) std::abort();
  }
  return 0;
}
