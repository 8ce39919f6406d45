// API keys by their publishers' shapes, and strings too random to be anything else.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "guard/segment.hpp"

namespace parley::guard {
namespace {

using Test = bool (*)(char32_t) noexcept;

bool hex_lower(char32_t c) noexcept { return is_digit(c) || (c >= U'a' && c <= U'f'); }
bool base62(char32_t c) noexcept { return is_alnum(c); }
bool upper_digits(char32_t c) noexcept { return is_upper(c) || is_digit(c); }
bool lower_letters(char32_t c) noexcept { return is_lower(c); }
bool url_safe(char32_t c) noexcept { return is_alnum(c) || c == U'-' || c == U'_'; }
bool dotted(char32_t c) noexcept { return url_safe(c) || c == U'.'; }
bool base64(char32_t c) noexcept { return is_alnum(c) || c == U'+' || c == U'/' || c == U'='; }

struct Shape {
  std::string_view detail;
  std::u32string_view prefix;
  Test body;
  std::size_t shortest, longest;  ///< of the body
};

// Lengths are the publishers' of 2026; where they have changed over time, the range covers both.
constexpr std::array<Shape, 40> shapes{{
    {"anthropic", U"sk-ant-", url_safe, 40, 200},
    {"openrouter", U"sk-or-v1-", hex_lower, 64, 64},
    {"openai", U"sk-proj-", url_safe, 20, 220},
    {"openai", U"sk-svcacct-", url_safe, 20, 220},
    {"openai", U"sk-admin-", url_safe, 20, 220},
    {"deepseek_or_dashscope", U"sk-", hex_lower, 32, 32},
    {"siliconflow", U"sk-", lower_letters, 48, 48},
    {"moonshot_or_openai", U"sk-", base62, 40, 64},  // Moonshot and Hunyuan 48, OpenAI's old keys 48
    {"sk", U"sk-", url_safe, 20, 220},
    {"volcengine", U"AKLT", url_safe, 20, 60},
    {"volcengine_ark", U"ark-", url_safe, 24, 80},
    {"tencent", U"AKID", url_safe, 32, 40},
    {"alibaba", U"LTAI", base62, 12, 24},
    {"baidu", U"bce-v3/ALTAK-", base64, 40, 120},
    {"aws", U"AKIA", upper_digits, 16, 16},
    {"aws", U"ASIA", upper_digits, 16, 16},
    {"aws", U"ABIA", upper_digits, 16, 16},
    {"aws", U"ACCA", upper_digits, 16, 16},
    {"github", U"ghp_", base62, 36, 255},
    {"github", U"gho_", base62, 36, 255},
    {"github", U"ghu_", base62, 36, 255},
    {"github", U"ghs_", base62, 36, 255},
    {"github", U"ghr_", base62, 36, 255},
    {"github", U"github_pat_", url_safe, 40, 255},
    {"gitlab", U"glpat-", url_safe, 20, 64},
    {"google", U"AIza", url_safe, 35, 35},
    {"slack", U"xoxb-", url_safe, 20, 200},
    {"slack", U"xoxp-", url_safe, 20, 200},
    {"stripe", U"sk_live_", base62, 20, 128},
    {"stripe", U"rk_live_", base62, 20, 128},
    {"huggingface", U"hf_", base62, 30, 64},
    {"npm", U"npm_", base62, 36, 36},
    {"pypi", U"pypi-AgEI", url_safe, 40, 255},
    {"sendgrid", U"SG.", dotted, 60, 80},
    {"groq", U"gsk_", base62, 40, 64},
    {"xai", U"xai-", base62, 64, 96},
    {"perplexity", U"pplx-", base62, 40, 64},
    {"nvidia", U"nvapi-", url_safe, 40, 80},
    {"docker", U"dckr_pat_", url_safe, 20, 64},
    {"jwt", U"eyJ", dotted, 40, 8192},
}};

bool starts_with(NormalText const& text, std::size_t at, std::u32string_view prefix) {
  return std::u32string_view(text.text).substr(at).starts_with(prefix);
}

/// Bits a character, of its own letters' frequencies.
double entropy(std::u32string_view text) {
  std::array<int, 128> counts{};
  for (auto const c : text) ++counts[c & 0x7FU];
  double bits = 0;
  for (int const n : counts) {
    if (n == 0) continue;
    double const p = n / static_cast<double>(text.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

/// How often neighbours are of different kinds (small, capital, digit), per pair: some 0.6 in random text, 0.3 in CamelCase.
double unrest(std::u32string_view text) {
  auto const kind = [](char32_t c) { return is_digit(c) ? 0 : is_lower(c) ? 1 : is_upper(c) ? 2 : 3; };
  int changes = 0;
  for (std::size_t i = 1; i < text.size(); ++i) changes += kind(text[i]) != kind(text[i - 1]) ? 1 : 0;
  return changes / static_cast<double>(text.size());
}

bool spoken_of_as_secret(NormalText const& text, std::size_t at) {
  return mentioned_before(text, at, 40,
                          {U"key", U"token", U"secret", U"passw", U"credential", U"bearer", U"密钥", U"秘钥", U"令牌", U"凭证",
                           U"密码", U"口令", U"方舟", U"ark"});
}

bool is_uuid(std::u32string_view run) {
  if (run.size() != 36) return false;
  for (std::size_t i = 0; i < run.size(); ++i) {
    bool const dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? run[i] != U'-' : !is_hex(run[i])) return false;
  }
  return true;
}

void find_shapes(NormalText const& text, std::size_t at, Findings& out) {
  for (auto const& shape : shapes) {
    if (shape.prefix.front() != text.text[at] || !starts_with(text, at, shape.prefix)) continue;
    auto const body = at + shape.prefix.size();
    auto end = body;
    while (end < text.size() && shape.body(text.text[end])) ++end;
    while (end > body && (text.text[end - 1] == U'.' || text.text[end - 1] == U'-')) --end;
    auto const length = end - body;
    if (length < shape.shortest || length > shape.longest || is_alnum(text.at(end))) continue;
    std::u32string_view const characters(text.text.data() + body, length);
    if (shape.detail == "jwt" && std::ranges::count(characters, U'.') != 2) continue;
    if (entropy(characters) < (shape.body == hex_lower || shape.body == lower_letters ? 2.5 : 3.0)) continue;  // sk-xxxxxxxx…
    out.add(Rule::secret, at, end, 1.0F, std::string(shape.detail));
    return;
  }
}

/// Zhipu: 32 hex digits, a point, 16 letters and digits.
bool is_zhipu(std::u32string_view run) {
  return run.size() == 49 && run[32] == U'.' && std::ranges::all_of(run.substr(0, 32), hex_lower) &&
         std::ranges::all_of(run.substr(33), base62);
}

/// 10 digits, a colon, 35 characters.
void find_telegram(NormalText const& text, std::size_t colon, Findings& out) {
  auto begin = colon;
  while (begin > 0 && is_digit(text.text[begin - 1]) && colon - begin < 11) --begin;
  if (colon - begin < 8 || colon - begin > 10 || !starts_with(text, colon + 1, U"AA")) return;
  auto end = colon + 1;
  while (end < text.size() && url_safe(text.text[end])) ++end;
  if (end - colon - 1 == 35) out.add(Rule::secret, begin, end, 1.0F, "telegram");
}

/// Of what `find_random` is given, by its characters alone: false when it would find nothing, whatever stands before.
bool may_be_random(std::string_view run) noexcept {
  while (!run.empty() && std::string_view(".-_/").find(run.back()) != std::string_view::npos) run.remove_suffix(1);
  if (run.find('.') != std::string_view::npos) return run.size() == 49 && run[32] == '.';
  if (run.size() < 20) return false;
  int digits = 0, upper = 0, lower = 0, hex = 0;
  for (unsigned char const c : run) {
    digits += is_digit(c) ? 1 : 0;
    upper += is_upper(c) ? 1 : 0;
    lower += is_lower(c) ? 1 : 0;
    hex += is_hex(c) || c == '-' ? 1 : 0;
  }
  return (digits >= 2 && upper > 0 && lower > 0) || (run.size() >= 32 && static_cast<std::size_t>(hex) == run.size());
}

void find_random(NormalText const& text, std::size_t begin, std::size_t end, Findings& out) {
  std::u32string_view run(text.text.data() + begin, end - begin);
  while (!run.empty() && (run.back() == U'.' || run.back() == U'-' || run.back() == U'_' || run.back() == U'/'))
    run.remove_suffix(1);
  if (is_zhipu(run)) return out.add(Rule::secret, begin, begin + run.size(), 1.0F, "zhipu");
  if (run.size() < 20 || run.find(U'.') != std::u32string_view::npos) return;
  bool const told = spoken_of_as_secret(text, begin);
  if (is_uuid(run)) {
    if (told) out.add(Rule::secret, begin, begin + run.size(), 0.8F, "volcengine_ark");
    return;
  }
  if (std::ranges::all_of(run, is_hex)) {
    bool const letters = std::ranges::any_of(run, is_letter);
    if (told && letters && run.size() >= 32 && entropy(run) >= 3.0)
      out.add(Rule::secret, begin, begin + run.size(), 0.7F, "hex");
    return;
  }
  if (mentioned_before(text, begin, 8, {U"sha256-", U"sha384-", U"sha512-", U"base64,"})) return;
  bool const mixed = std::ranges::any_of(run, is_upper) && std::ranges::any_of(run, is_lower);
  auto const digits = std::ranges::count_if(run, is_digit);
  auto const most = std::log2(std::min<double>(static_cast<double>(run.size()), 64));
  double const need = told ? 0.78 : 0.84;
  if (run.size() < (told ? 20U : 28U) || !mixed || digits < 2 || entropy(run) < need * most) return;
  if (unrest(run) < (told ? 0.3 : 0.42)) return;
  out.add(Rule::secret, begin, begin + run.size(), told ? 0.7F : 0.5F, "high_entropy");
}

}  // namespace

void find_secrets(Segment const& segment, Findings& out) {
  auto const& text = segment.text;
  auto const in_run = [](char32_t c) { return dotted(c) || c == U'+' || c == U'/' || c == U'='; };
  for (std::size_t at = 0; at < text.size();) {
    auto const c = text.text[at];
    if (c == U':') find_telegram(text, at, out);
    if (!in_run(c) || c == U'=') {
      ++at;
      continue;
    }
    auto end = at;
    while (end < text.size() && in_run(text.text[end])) {
      if (text.text[end] == U'=' && text.at(end + 1) != U'=' && in_run(text.at(end + 1))) break;  // name=value
      ++end;
    }
    for (auto begin = at; begin < end; ++begin) {
      if (is_alnum(text.text[begin]) && !is_alnum(text.before(begin)) && text.before(begin) != U'_')
        find_shapes(text, begin, out);
    }
    find_random(text, at, end, out);
    at = end;
  }
  // An account's number and a colon may still become a Telegram token.
  auto begin = text.size();
  while (begin > 0 && url_safe(text.text[begin - 1]) && text.size() - begin < 36) --begin;
  if (segment.final || text.before(begin) != U':') return;
  auto digits = begin - 1;
  while (digits > 0 && is_digit(text.text[digits - 1]) && begin - digits < 12) --digits;
  auto const count = begin - 1 - digits;
  if (count >= 8 && count <= 10 && !is_alnum(text.before(digits))) out.hold(digits);
}

bool may_be_secret(std::string_view run) noexcept {
  for (std::size_t at = 0; at < run.size(); ++at) {
    auto const c = static_cast<unsigned char>(run[at]);
    auto const before = at > 0 ? static_cast<unsigned char>(run[at - 1]) : 0U;
    if (!is_alnum(c) || is_alnum(before) || before == '_') continue;
    auto const same = [](char own, char32_t p) { return static_cast<unsigned char>(own) == p; };
    auto const begins = [&](Shape const& shape) {
      return shape.prefix.front() == c && shape.prefix.size() <= run.size() - at &&
             std::ranges::equal(run.substr(at, shape.prefix.size()), shape.prefix, same);
    };
    if (std::ranges::any_of(shapes, begins)) return true;
  }
  // What `find_random` asks of a run that it takes apart at name=value.
  for (std::size_t begin = 0; begin < run.size();) {
    auto end = begin + 1;
    while (end < run.size() && !(run[end] == '=' && end + 1 < run.size() && run[end + 1] != '=')) ++end;
    if (may_be_random(run.substr(begin, end - begin))) return true;
    begin = end;
  }
  return false;
}

void find_private_keys(Segment const& segment, Findings& out) {
  static constexpr std::u32string_view opening = U"-----BEGIN ";
  static constexpr std::u32string_view closing = U"-----END ";
  static constexpr std::u32string_view dashes = U"-----";
  static constexpr std::size_t longest_label = 48;
  auto const& text = segment.text;
  std::u32string_view const all(text.text);
  for (auto at = all.find(opening); at != std::u32string_view::npos; at = all.find(opening, at + 1)) {
    auto const label = at + opening.size();
    auto const label_end = all.find(dashes, label);
    if (label_end == std::u32string_view::npos) {
      if (!segment.final && all.size() - label <= longest_label) out.hold(at);
      continue;
    }
    if (label_end - label > longest_label ||
        all.substr(label, label_end - label).find(U"PRIVATE KEY") == std::u32string_view::npos) {
      continue;
    }
    auto const body = label_end + dashes.size();
    auto const end = all.find(closing, body);
    auto const end_mark = end == std::u32string_view::npos ? end : all.find(dashes, end + closing.size());
    if (end_mark != std::u32string_view::npos) {
      out.add(Rule::private_key, at, end_mark + dashes.size(), 1.0F);
      continue;
    }
    // Not closed (yet): a key all the same as far as it goes, if what follows looks like one.
    auto stop = body;
    std::size_t characters = 0;
    while (stop < all.size() && (base64(all[stop]) || is_blank(all[stop]) ||
                                 std::u32string_view(U"-:,\\n").find(all[stop]) != std::u32string_view::npos)) {
      characters += base64(all[stop]) ? 1 : 0;
      ++stop;
    }
    if (!segment.final && stop == all.size()) {
      out.hold(at);
    } else if (characters >= 40) {
      out.add(Rule::private_key, at, stop, 1.0F);
    }
  }
}

}  // namespace parley::guard
