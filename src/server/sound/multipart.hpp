#pragma once
// multipart/form-data (RFC 7578) as a value: what a browser or an SDK sends along with a file.
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "server/protocol_error.hpp"

namespace parley::server {

struct FormPart {
  std::string name;
  std::string file_name;  ///< empty: a plain field
  std::string_view body;  ///< of the bytes that were parsed
};

inline constexpr std::size_t most_form_parts = 64;

/// `type`: the Content-Type with its boundary. The parts point into `bytes`. Never fails otherwise than by a complaint,
/// whatever the bytes are.
[[nodiscard]] std::expected<std::vector<FormPart>, ProtocolError> parse_form(std::string_view type, std::string_view bytes);

}  // namespace parley::server
