#pragma once
// RFC 4648 base64, the alphabet with + and /.
#include <optional>
#include <string>
#include <string_view>

namespace parley::server {

/// Strict: only the alphabet and correct padding (which may be left out altogether); anything else is nullopt.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

void append_base64(std::string& out, std::string_view bytes);

}  // namespace parley::server
