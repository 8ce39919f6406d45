// What somebody calls secret himself: 身份证号：…, 密码是…, password: …. The finding is the value, not the name.
#include <algorithm>
#include <array>
#include <optional>

#include "core/utf8.hpp"
#include "guard/numerals.hpp"
#include "guard/segment.hpp"

namespace parley::guard {
namespace {

struct Name {
  std::u32string_view word;  ///< lower case
  bool password;             ///< of anything that opens a door, else a number
};
constexpr std::array<Name, 38> names{{
    {U"账号密码", true},
    {U"帐号密码", true},
    {U"密码", true},
    {U"口令", true},
    {U"密钥", true},
    {U"秘钥", true},
    {U"令牌", true},
    {U"验证码", true},
    {U"银行卡号", false},
    {U"银行账号", false},
    {U"身份证号", false},
    {U"身份证号码", false},
    {U"身份证", false},
    {U"护照号", false},
    {U"社保号", false},
    {U"信用卡号", false},
    {U"password", true},
    {U"passwd", true},
    {U"pwd", true},
    {U"passcode", true},
    {U"passphrase", true},
    {U"pin code", true},
    {U"api key", true},
    {U"api_key", true},
    {U"api-key", true},
    {U"apikey", true},
    {U"access key", true},
    {U"access_key", true},
    {U"secret key", true},
    {U"secret_key", true},
    {U"secret", true},
    {U"access token", true},
    {U"auth_token", true},
    {U"id number", false},
    {U"card number", false},
    {U"bank account", false},
    {U"passport number", false},
    {U"social security number", false},
}};

/// Quick: most characters begin none.
constexpr bool begins_name(char32_t c) noexcept {
  if (c < 0x80) return c == U'p' || c == U'a' || c == U's' || c == U'i' || c == U'c' || c == U'b';
  return c >= 0x4E00 && std::u32string_view(U"账帐密口秘令验银身护社信").find(c) != std::u32string_view::npos;
}
static_assert(std::ranges::all_of(names, [](Name const& name) { return begins_name(name.word.front()); }));

constexpr bool ends_value(char32_t c) noexcept {
  return is_blank(c) || c == U',' || c == U';' || c == U'"' || c == U'\'' || c == U'`' || c == U'<' || c == U'>' || c == U'(' ||
         c == U')' || c == U'[' || c == U']' || c == U'{' || c == U'}' || c == U'|' || c >= 0x7F || c < 0x20;
}

/// How the name is tied to its value.
enum class Tie { none, colon, is };

class PhraseFinder {
 public:
  PhraseFinder(Segment const& segment, Findings& out) : segment_(segment), text_(segment.text), out_(out) {}

  void find() {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      if (!begins_name(lower(text_.text[at]))) continue;
      Name const* longest = nullptr;
      for (auto const& name : names) {
        if (stands_at(name.word, at) && (longest == nullptr || name.word.size() > longest->word.size())) longest = &name;
      }
      if (longest == nullptr) continue;
      value(*longest, at + longest->word.size());
      at += longest->word.size() - 1;
    }
  }

 private:
  [[nodiscard]] bool stands_at(std::u32string_view word, std::size_t at) const {
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (lower(text_.at(at + i)) != word[i]) return false;
    }
    // max_tokens is no token; PASSWORD and DB_PASSWORD are one.
    return !is_letter(word.front()) || (!is_letter(text_.before(at)) && !is_letter(text_.at(at + word.size())));
  }

  void value(Name const& name, std::size_t at) {
    auto tie = Tie::none;
    auto const from = at;
    auto const skip = [&](auto test) {
      while (at < text_.size() && at - from < 16 && test(text_.text[at])) ++at;
    };
    auto const blank_or_quote = [](char32_t c) { return is_blank(c) || c == U'"' || c == U'\'' || c == U'`'; };
    if (text_.at(at) == U'码' || text_.at(at) == U'为' || text_.at(at) == U'是') {
      if (text_.text[at] != U'码') tie = Tie::is;
      ++at;
    }
    skip(blank_or_quote);
    if (text_.at(at) == U':' || text_.at(at) == U'=') {
      tie = Tie::colon;
      skip([](char32_t c) { return c == U':' || c == U'=' || c == U'>'; });
    } else if (text_.at(at) == U'是' || text_.at(at) == U'为') {
      tie = Tie::is;
      ++at;
    } else if (lower(text_.at(at)) == U'i' && lower(text_.at(at + 1)) == U's' && is_blank(text_.at(at + 2))) {
      tie = Tie::is;
      at += 3;
    }
    if (tie == Tie::none) return;
    skip(blank_or_quote);
    judge(name, tie, at);
  }

  void judge(Name const& name, Tie tie, std::size_t begin) {
    if (!chains_) chains_ = numeral_chains(text_, segment_.final);
    auto const chain =
        std::ranges::find_if(*chains_, [begin](NumeralChain const& c) { return c.numerals.front().begin == begin; });
    if (chain != chains_->end() && chain->numerals.size() >= 4 && !is_alnum(text_.at(chain->numerals.back().end))) {
      if (chain->open && !segment_.final) out_.hold(begin);
      if (worth(name, chain->numerals.size())) out_.add(Rule::phrase, begin, chain->numerals.back().end, 0.4F);
      return;
    }
    auto end = begin;
    while (end < text_.size() && !ends_value(text_.text[end]) && end - begin < 256) ++end;
    bool const open = end == text_.size() || (chain != chains_->end() && chain->open);
    if (open && !segment_.final) out_.hold(begin);
    while (end > begin && std::u32string_view(U".!?:").find(text_.text[end - 1]) != std::u32string_view::npos) --end;
    if (end > begin && convincing(name, tie, {text_.text.data() + begin, end - begin}, text_.at(end))) {
      out_.add(Rule::phrase, begin, end, 0.4F);
    }
  }

  static bool worth(Name const& name, std::size_t digits) { return name.password || digits >= 6; }

  static bool convincing(Name const& name, Tie tie, std::u32string_view value, char32_t next) {
    auto const digits = static_cast<std::size_t>(std::ranges::count_if(value, is_digit));
    auto const letters = static_cast<std::size_t>(std::ranges::count_if(value, is_letter));
    auto const symbols = value.size() - digits - letters;
    if (next == U'(' || next == U'[') return false;                                                // password = ask()
    if (value.front() == U'$' || value.front() == U'%' || value.front() == U'&') return false;     // a variable
    if (std::ranges::all_of(value, [&](char32_t c) { return c == value.front(); })) return false;  // ******, xxxx
    if (!name.password) return tie == Tie::colon ? digits + letters >= 5 && digits >= 3 : digits >= 6;
    bool const latin_name = is_letter(name.word.front());
    if (tie == Tie::is) return value.size() >= 4 && digits >= 1;
    if (!latin_name) return digits + letters >= 3;
    // In code a name stands on the right as often as a value does.
    bool const path = value.find(U'.') != std::u32string_view::npos || value.find(U"::") != std::u32string_view::npos ||
                      value.find(U"->") != std::u32string_view::npos;
    if (path && digits < 2) return false;
    return value.size() >= 6 && ((digits >= 1 && letters >= 1) || digits >= 6 || (symbols >= 1 && letters >= 4 && digits >= 1));
  }

  Segment const& segment_;
  NormalText const& text_;
  Findings& out_;
  std::optional<std::vector<NumeralChain>> chains_;  ///< read when the first name has a value
};

}  // namespace

void find_phrases(Segment const& segment, Findings& out) { PhraseFinder(segment, out).find(); }

}  // namespace parley::guard
