// Codes with a shape of their own: e-mail addresses, IP addresses, company codes, accounts, passports, plates.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

#include "guard/check_digits.hpp"
#include "guard/segment.hpp"

namespace parley::guard {
namespace {

constexpr std::u32string_view provinces = U"京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
constexpr std::size_t longest_local_part = 64;  // RFC 5321
constexpr std::size_t longest_domain = 253;

constexpr bool is_local(char32_t c) noexcept {
  return is_alnum(c) || c == U'.' || c == U'_' || c == U'%' || c == U'+' || c == U'-';
}
constexpr bool is_domain(char32_t c) noexcept { return is_alnum(c) || c == U'.' || c == U'-'; }

std::string ascii(NormalText const& text, std::size_t begin, std::size_t end) {
  std::string out;
  for (auto i = begin; i < end; ++i) out += text.text[i] < 0x80 ? static_cast<char>(text.text[i]) : '?';
  return out;
}

/// The upper-case letters and digits from `begin`, without single blanks or dashes between groups of four; and where they end.
struct Compact {
  std::string code;
  std::size_t end = 0;
};

void find_email(NormalText const& text, std::size_t at, Findings& out) {
  auto begin = at;
  while (begin > 0 && at - begin <= longest_local_part && is_local(text.text[begin - 1])) --begin;
  if (at - begin > longest_local_part) return;
  while (begin < at && !is_alnum(text.text[begin]) && text.text[begin] != U'_') ++begin;
  if (begin == at || text.text[at - 1] == U'.' || !is_alnum(text.at(at + 1))) return;
  auto end = at + 1;
  while (end < text.size() && end - at <= longest_domain && is_domain(text.text[end])) ++end;
  if (text.at(end) == U'@') return;  // user@host@…: no address
  while (end > at + 1 && !is_alnum(text.text[end - 1])) --end;
  auto const domain = ascii(text, at + 1, end);
  auto const dot = domain.rfind('.');
  if (dot == std::string::npos || dot == 0 || domain.find("..") != std::string::npos) return;
  auto top = domain.substr(dot + 1);
  std::ranges::transform(top, top.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (top.size() < 2 || top.size() > 24 || !std::ranges::all_of(top, [](unsigned char c) { return std::isalpha(c) != 0; }))
    return;
  static constexpr std::array<std::string_view, 12> files{"png", "jpg", "jpeg", "gif",  "svg", "webp",
                                                          "js",  "ts",  "css",  "json", "xml", "html"};
  if (std::ranges::find(files, top) != files.end()) return;             // icon@2x.png
  if (ascii(text, begin, at) == "git" && text.at(end) == U':') return;  // git@host.org:path
  out.add(Rule::email, begin, end, 0.95F);
}

void find_ipv4(Segment const& segment, std::size_t begin, Findings& out) {
  auto const& text = segment.text;
  if (is_alnum(text.before(begin)) || text.before(begin) == U'.' || text.before(begin) == U'_') return;
  auto end = begin;
  while (end - begin < 16 && (is_digit(text.at(end)) || (text.at(end) == U'.' && is_digit(text.at(end + 1))))) ++end;
  if (is_alnum(text.at(end)) || text.at(end) == U'_' || text.at(end) == U'-') return;
  in_addr address{};
  auto const dotted = ascii(text, begin, end);
  if (inet_pton(AF_INET, dotted.c_str(), &address) != 1) return;
  auto const value = ntohl(address.s_addr);
  // This host and no host are nobody's; 1.2.3.4 behind "version" is none.
  if (value >> 24U == 127 || value >> 24U == 0 || value >= 0xFFFFFF00U) return;
  if (lower(text.before(begin)) == U'v' || mentioned_before(text, begin, 12, {U"version", U"release", U"版本", U"ver "}))
    return;
  out.add(Rule::ip, begin, end, 0.8F);
}

void find_ipv6(Segment const& segment, std::size_t begin, Findings& out) {
  auto const& text = segment.text;
  auto const part = [](char32_t c) { return is_hex(c) || c == U':' || c == U'.'; };
  auto end = begin;
  while (end - begin < 46 && part(text.at(end))) ++end;
  if (part(text.at(end)) || is_alnum(text.at(end))) return;
  while (end > begin && (text.text[end - 1] == U'.' || (text.text[end - 1] == U':' && text.before(end - 1) != U':'))) --end;
  auto const address = ascii(text, begin, end);
  in6_addr parsed{};
  if (inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return;
  // a::b is also how code names things: ask for three groups and a digit.
  auto const groups = std::ranges::count(address, ':');
  auto const digit = std::ranges::any_of(address, [](char c) { return c >= '0' && c <= '9'; });
  if (groups < 3 || !digit || address.size() < 7) return;
  out.add(Rule::ip, begin, end, 0.8F);
}

Compact compact(NormalText const& text, std::size_t begin, std::size_t longest) {
  Compact out;
  auto at = begin;
  while (out.code.size() <= longest) {
    auto const c = text.at(at);
    if (is_digit(c) || is_letter(c)) {
      out.code += static_cast<char>(is_lower(c) ? c - 32 : c);
      out.end = ++at;
    } else if ((c == U' ' || c == U'-') && (at - begin) % 5 == 4 && is_alnum(text.at(at + 1))) {
      ++at;
    } else {
      break;
    }
  }
  return out;
}

void find_iban(Segment const& segment, std::size_t begin, Findings& out) {
  auto const& text = segment.text;
  if (!is_letter(text.at(begin + 1)) || !is_digit(text.at(begin + 2)) || !is_digit(text.at(begin + 3))) return;
  constexpr std::size_t longest = 34;
  auto found = compact(text, begin, longest + 4);
  // In groups the code may be followed by a word; try every end that is one.
  for (; found.code.size() >= 15; found.code.pop_back()) {
    if (found.code.size() <= longest && is_iban(found.code) && !is_alnum(text.at(found.end))) {
      return out.add(Rule::iban, begin, found.end, 0.97F);
    }
    --found.end;
    while (found.end > begin && !is_alnum(text.text[found.end - 1])) --found.end;
  }
  // What is in groups of four may go on behind the blank.
  if (segment.final) return;
  auto const all = compact(text, begin, longest);
  if (all.code.size() < longest && (all.end == text.size() || (all.end + 1 == text.size() && (all.end - begin) % 5 == 4))) {
    out.hold(begin);
  }
}

void find_token(Segment const& segment, std::size_t begin, std::size_t end, Findings& out) {
  auto const& text = segment.text;
  auto const size = end - begin;
  if (size < 7 || size > 18) return;
  auto token = ascii(text, begin, end);
  std::ranges::transform(token, token.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  auto const digits = static_cast<std::size_t>(std::ranges::count_if(token, [](char c) { return c >= '0' && c <= '9'; }));
  if (size == 18 && digits >= 8 && is_social_credit_code(token)) out.add(Rule::cn_uscc, begin, end, 0.95F);
  if (size == 9 && digits >= 7 && is_upper(text.text[begin])) {
    bool const plain = digits == 8 && (token[0] == 'E' || token[0] == 'G');
    bool const lettered = digits == 7 && token[0] == 'E' && token[1] >= 'A' && token[1] != 'I' && token[1] != 'O';
    bool const other = digits == 8 && std::string_view("DSPHMK").find(token[0]) != std::string_view::npos;
    bool const told = (lettered || other) && mentioned_before(text, begin, 20, {U"护照", U"passport", U"通行证"});
    if (plain || told) out.add(Rule::cn_passport, begin, end, told ? 0.9F : 0.6F);
  }
  if (size == 10 && digits == 9 && is_upper(text.text[begin]) && is_taiwan_id(token)) out.add(Rule::tw_id, begin, end, 0.9F);
  if ((size == 7 || size == 8) && digits == 6) {  // A123456(3)
    if (text.at(end) == U'(' && text.at(end + 2) == U')' && is_alnum(text.at(end + 1))) {
      token += static_cast<char>(text.at(end + 1));
      if (is_hong_kong_id(token)) out.add(Rule::hk_id, begin, end + 3, 0.95F);
    } else if (!segment.final && (end == text.size() || (text.at(end) == U'(' && end + 3 > text.size()))) {
      out.hold(begin);
    }
  }
}

void find_plate(Segment const& segment, std::size_t begin, Findings& out) {
  auto const& text = segment.text;
  auto at = begin + 1;
  auto const open = [&] { return at >= text.size() && !segment.final; };
  if (open()) return out.hold(begin);
  if (!is_letter(text.at(at)) || lower(text.at(at)) == U'i') return;
  ++at;
  if (text.at(at) == U'·' || text.at(at) == U'•' || text.at(at) == U'-' || text.at(at) == U' ' || text.at(at) == U'.') ++at;
  std::size_t count = 0, digits = 0;
  while (count < 7 && is_alnum(text.at(at)) && lower(text.at(at)) != U'i' && lower(text.at(at)) != U'o') {
    digits += is_digit(text.at(at)) ? 1 : 0;
    ++count;
    ++at;
  }
  if (open()) return out.hold(begin);
  if (count == 4 && std::u32string_view(U"学警港澳挂试超").find(text.at(at)) != std::u32string_view::npos) {
    ++count;
    ++at;
  }
  if ((count == 5 || count == 6) && digits >= 2 && !is_alnum(text.at(at))) out.add(Rule::cn_plate, begin, at, 0.9F);
}

}  // namespace

void find_codes(Segment const& segment, Findings& out) {
  auto const& text = segment.text;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto const c = text.text[at];
    if (c == U'@') {
      find_email(text, at, out);
    } else if (c >= 0x4E00) {
      if (provinces.find(c) != std::u32string_view::npos) find_plate(segment, at, out);
    } else if (is_alnum(c) && !is_alnum(text.before(at)) && text.before(at) != U'_') {
      auto end = at;
      while (end < text.size() && is_alnum(text.text[end])) ++end;
      find_token(segment, at, end, out);
      if (is_letter(c)) find_iban(segment, at, out);
      if (is_digit(c)) find_ipv4(segment, at, out);
    }
    // What begins with :: is seen by its IPv4 part, if it has one.
    bool const ipv6_begins = is_hex(c) && text.before(at) != U':' && !is_alnum(text.before(at));
    if (ipv6_begins) find_ipv6(segment, at, out);
  }
  if (segment.final) return;
  // An IPv6 address at the end may still grow.
  auto begin = text.size();
  while (begin > 0 && text.size() - begin < 46 &&
         (is_hex(text.text[begin - 1]) || text.text[begin - 1] == U':' || text.text[begin - 1] == U'.')) {
    --begin;
  }
  if (text.size() - begin < 46 && text.text.find(U':', begin) != std::u32string::npos) {
    while (begin < text.size() && (!is_hex(text.text[begin]) || is_alnum(text.before(begin)))) ++begin;
    if (text.text.find(U':', begin) != std::u32string::npos) out.hold(begin);
  }
}

}  // namespace parley::guard
