#pragma once
// RFC 1952 gzip of whole messages (zlib).
#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::cloud::volcengine {

[[nodiscard]] std::string gzip(std::string_view bytes);

/// `invalid` when the bytes are no gzip, `too_large` when more than `limit` bytes would come out. Empty stays empty: the
/// service marks empty messages as compressed.
[[nodiscard]] core::Result<std::string> gunzip(std::string_view bytes, std::size_t limit);

}  // namespace parley::cloud::volcengine
