#pragma once
// What is written for the eye only, taken out or put in words.
#include <string>
#include <string_view>

namespace parley::speech {

/// Marks of Markdown (emphasis, headings, lists, quotes, code, links, tables, rules) and HTML tags are removed and their text
/// kept; emoji are removed; of a URL the host remains ("example 点 com", "example dot com"); line breaks become a pause;
/// full-width letters and digits become ASCII; white space is single. Works on clauses: a mark whose partner is in another
/// clause is removed all the same.
[[nodiscard]] std::u32string plain_text(std::u32string_view written, bool chinese);

}  // namespace parley::speech
