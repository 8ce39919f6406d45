// Any bytes as HTML, a DOCX's XML, CSV or text of any encoding: an error or UTF-8, never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/utf8.hpp"
#include "knowledge/encoding.hpp"
#include "knowledge/reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley::knowledge;
  if (size == 0) return 0;
  std::string const bytes(reinterpret_cast<char const*>(data) + 1, size - 1);
  if (data[0] % 4 == 3) {
    auto const text = text_to_utf8(bytes);
    if (text && !parley::core::is_valid_utf8(*text)) std::abort();
    return 0;
  }
  auto const read = data[0] % 4 == 0 ? read_html(bytes) : data[0] % 4 == 1 ? read_docx_xml(bytes) : read_csv(bytes);
  if (!read) return 0;
  for (auto const& page : read->pages) {
    if (!parley::core::is_valid_utf8(page)) std::abort();
  }
  return 0;
}
