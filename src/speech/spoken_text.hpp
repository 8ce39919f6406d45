#pragma once
// Text as it is written → text as it is spoken, so that a voice needs to know letters and pauses only.
#include <string>
#include <string_view>

namespace parley::speech {

/// Puts numbers, dates, times, money, units, phone numbers, fractions, ranges, ordinals, addresses and common abbreviations in
/// words of `language` ("zh"; everything else is read as "en"), and removes what is for the eye only: Markdown, emoji, URL
/// paths. Punctuation that makes a pause stays. Works on one clause; never fails, whatever the bytes are.
///   zh: "¥3.5" → 三点五元, "2024年3月5日" → 二零二四年三月五日, "2个" → 两个, "-5℃" → 零下五摄氏度
///   en: "$12.50" → "twelve dollars and fifty cents", "1024" → "one thousand twenty-four"
[[nodiscard]] std::string spoken_text(std::string_view written, std::string_view language);

/// The two readers behind it; they take what plain_text gives.
[[nodiscard]] std::string spoken_chinese(std::u32string_view plain);
[[nodiscard]] std::string spoken_english(std::u32string_view plain);

}  // namespace parley::speech
