#pragma once
// Numbers that carry their own proof. Pure functions over normalised ASCII (digits, upper-case letters), without separators.
#include <chrono>
#include <string_view>

namespace parley::guard {

/// Resident identity number, GB 11643-1999: province, date of birth (a real day, from 1900 to `today`), ISO 7064 MOD 11-2
/// check character. 18 characters, the last may be x or X.
[[nodiscard]] bool is_resident_id(std::string_view id, std::chrono::year_month_day today) noexcept;
/// Its form before 1999: 15 digits, two-digit year, no check digit.
[[nodiscard]] bool is_old_resident_id(std::string_view id) noexcept;
/// Unified social credit code, GB 32100-2015: 18 of 0-9A-HJ-NPQRTUWXY, weights 3^i mod 31.
[[nodiscard]] bool is_social_credit_code(std::string_view code) noexcept;
/// ISO/IEC 7812 (Luhn), not all zeros.
[[nodiscard]] bool passes_luhn(std::string_view digits) noexcept;
/// Luhn, and an issuer's prefix with a length that this issuer uses.
[[nodiscard]] bool is_bank_card(std::string_view digits) noexcept;
/// ISO 13616: country's length, MOD 97 = 1.
[[nodiscard]] bool is_iban(std::string_view iban) noexcept;
/// Hong Kong: one or two letters, six digits, check digit 0-9 or A (MOD 11), without the parentheses.
[[nodiscard]] bool is_hong_kong_id(std::string_view id) noexcept;
/// Taiwan: letter, 1 2 8 or 9, eight digits (MOD 10).
[[nodiscard]] bool is_taiwan_id(std::string_view id) noexcept;

}  // namespace parley::guard
