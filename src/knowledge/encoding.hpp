#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::knowledge {

/// Bytes of a text file as UTF-8: byte order marks are obeyed, valid UTF-8 is taken as it is, anything else is recognised by
/// ICU (GB18030, Big5, Shift-JIS, Windows-125x, …). invalid: the bytes are no text. Line ends become \n.
[[nodiscard]] core::Result<std::string> text_to_utf8(std::string_view bytes);

}  // namespace parley::knowledge
