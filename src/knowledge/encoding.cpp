#include "knowledge/encoding.hpp"

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include <algorithm>
#include <memory>

#include "core/utf8.hpp"

namespace parley::knowledge {
namespace {

using core::Result;

constexpr std::size_t looked_at = 64U << 10U;  // enough to recognise an encoding

struct DetectorDeleter {
  void operator()(UCharsetDetector* detector) const noexcept { ucsdet_close(detector); }
};

std::string with_unix_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

Result<std::string> convert(std::string_view bytes, char const* encoding) {
  std::string out(bytes.size() * 3 + 16, '\0');
  UErrorCode status = U_ZERO_ERROR;
  auto const size = ucnv_convert("UTF-8", encoding, out.data(), static_cast<std::int32_t>(out.size()), bytes.data(),
                                 static_cast<std::int32_t>(bytes.size()), &status);
  if (U_FAILURE(status)) {
    return core::fail(core::Code::invalid, std::string("the text cannot be read as ") + encoding + "; save it as UTF-8");
  }
  out.resize(static_cast<std::size_t>(size));
  return with_unix_lines(out);
}

}  // namespace

Result<std::string> text_to_utf8(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.starts_with("\xFF\xFE")) return convert(bytes.substr(2), "UTF-16LE");
  if (bytes.starts_with("\xFE\xFF")) return convert(bytes.substr(2), "UTF-16BE");
  if (bytes.substr(0, looked_at).find('\0') != std::string_view::npos) {
    return core::fail(core::Code::invalid, "this is no text: there are zero bytes in it");
  }
  if (core::is_valid_utf8(bytes)) return with_unix_lines(bytes);
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<UCharsetDetector, DetectorDeleter> const detector(ucsdet_open(&status));
  auto const part = bytes.substr(0, looked_at);
  ucsdet_setText(detector.get(), part.data(), static_cast<std::int32_t>(part.size()), &status);
  UCharsetMatch const* const match = U_SUCCESS(status) ? ucsdet_detect(detector.get(), &status) : nullptr;
  char const* const name = match != nullptr && U_SUCCESS(status) ? ucsdet_getName(match, &status) : nullptr;
  if (name == nullptr) {
    return core::fail(core::Code::invalid, "the encoding of the text was not recognised; save it as UTF-8");
  }
  return convert(bytes, name);
}

}  // namespace parley::knowledge
