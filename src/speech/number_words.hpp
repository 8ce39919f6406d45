#pragma once
// Digits as they are spoken. All take strings of ASCII digits of any length; what has no name as a number any more (beyond
// 10^16 in Chinese, 10^15 in English) is read digit by digit.
#include <string>
#include <string_view>

namespace parley::speech {

/// "1024" → 一千零二十四, "10" → 十, "20000" → 两万, "200" → 二百. Leading zeros are ignored.
[[nodiscard]] std::string chinese_integer(std::string_view digits);
/// "2024" → 二零二四; with `phone`, 1 is 幺.
[[nodiscard]] std::string chinese_digits(std::string_view digits, bool phone = false);
/// "3" and "50" → 三点五.
[[nodiscard]] std::string chinese_decimal(std::string_view integer, std::string_view decimals);

/// "1024" → "one thousand twenty-four".
[[nodiscard]] std::string english_integer(std::string_view digits);
/// "21" → "twenty-first".
[[nodiscard]] std::string english_ordinal(std::string_view digits);
/// "2024" → "twenty twenty-four", "2005" → "two thousand five", "1900" → "nineteen hundred", "1905" → "nineteen oh five".
[[nodiscard]] std::string english_year(std::string_view digits);
/// "405" → "four zero five".
[[nodiscard]] std::string english_digits(std::string_view digits);
/// "3" and "14" → "three point one four".
[[nodiscard]] std::string english_decimal(std::string_view integer, std::string_view decimals);

}  // namespace parley::speech
