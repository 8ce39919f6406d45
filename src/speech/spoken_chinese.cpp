#include <algorithm>
#include <array>

#include "core/utf8.hpp"
#include "speech/number_words.hpp"
#include "speech/spoken_text.hpp"
#include "speech/text_scan.hpp"

namespace parley::speech {
namespace {

using core::is_ascii_digit;
using core::is_latin_letter;

struct Word {
  std::u32string_view written;
  std::string_view spoken;
};

template <std::size_t N>
Word const* find_prefix(std::array<Word, N> const& table, std::u32string_view text) {
  auto const found = std::ranges::find_if(table, [&](Word const& word) { return text.starts_with(word.written); });
  return found == table.end() ? nullptr : &*found;
}

// Longer signs stand before the signs they begin with.
constexpr std::array<Word, 9> currencies{{{U"US$", "美元"},
                                          {U"HK$", "港元"},
                                          {U"$", "美元"},
                                          {U"¥", "元"},
                                          {U"￥", "元"},
                                          {U"€", "欧元"},
                                          {U"£", "英镑"},
                                          {U"RMB", "元"},
                                          {U"₩", "韩元"}}};

constexpr std::array<Word, 42> units{{{U"km/h", "公里每小时"},
                                      {U"m/s", "米每秒"},
                                      {U"km²", "平方公里"},
                                      {U"m²", "平方米"},
                                      {U"m³", "立方米"},
                                      {U"km", "公里"},
                                      {U"cm", "厘米"},
                                      {U"mm", "毫米"},
                                      {U"μm", "微米"},
                                      {U"nm", "纳米"},
                                      {U"kg", "公斤"},
                                      {U"mg", "毫克"},
                                      {U"μg", "微克"},
                                      {U"ml", "毫升"},
                                      {U"mL", "毫升"},
                                      {U"kWh", "千瓦时"},
                                      {U"kW", "千瓦"},
                                      {U"MW", "兆瓦"},
                                      {U"mAh", "毫安时"},
                                      {U"GHz", "吉赫兹"},
                                      {U"MHz", "兆赫兹"},
                                      {U"kHz", "千赫兹"},
                                      {U"Hz", "赫兹"},
                                      {U"ms", "毫秒"},
                                      {U"min", "分钟"},
                                      {U"dB", "分贝"},
                                      {U"kcal", "千卡"},
                                      {U"kJ", "千焦"},
                                      {U"hPa", "百帕"},
                                      {U"rpm", "转每分钟"},
                                      {U"m", "米"},
                                      {U"g", "克"},
                                      {U"t", "吨"},
                                      {U"L", "升"},
                                      {U"W", "瓦"},
                                      {U"V", "伏"},
                                      {U"s", "秒"},
                                      {U"h", "小时"},
                                      {U"°C", "摄氏度"},
                                      {U"℃", "摄氏度"},
                                      {U"°F", "华氏度"},
                                      {U"℉", "华氏度"}}};

// Before these a lone 2 is 两.
constexpr std::u32string_view measures_of_one =
    U"个只条张位名次遍天年周岁点分秒块元米斤吨升克倍种件本辆杯瓶碗家间座台部首封份篇道把双对套片颗粒朵棵头匹支枝根门口人章节步"
    U"句段场趟顿下声层万亿千";
constexpr std::array<std::u32string_view, 14> longer_measures{U"小时", U"公里", U"公斤", U"分钟", U"厘米", U"毫米", U"平方",
                                                              U"千克", U"千瓦", U"美元", U"欧元", U"英镑", U"季度", U"星期"};
// After these it stays 二: it counts places, not things.
constexpr std::u32string_view ordinal_before = U"第周期初十百零";
// A number behind these words is a name made of digits.
constexpr std::array<std::u32string_view, 14> digits_follow{U"电话", U"号码", U"手机", U"拨打",   U"验证码", U"密码", U"编号",
                                                            U"工号", U"尾号", U"邮编", U"房间号", U"账号",   U"热线", U"致电"};

constexpr std::array<Word, 12> symbols{{{U"+", "加"},
                                        {U"=", "等于"},
                                        {U"×", "乘以"},
                                        {U"*", "乘以"},
                                        {U"÷", "除以"},
                                        {U">=", "大于等于"},
                                        {U"<=", "小于等于"},
                                        {U"≥", "大于等于"},
                                        {U"≤", "小于等于"},
                                        {U">", "大于"},
                                        {U"<", "小于"},
                                        {U"≈", "约等于"}}};

class ChineseReader {
 public:
  explicit ChineseReader(std::u32string_view text) : scan_(text) {}

  std::string read() {
    while (!scan_.at_end()) {
      if (money() || date() || phone() || time() || fraction() || negative() || quantity() || symbol()) continue;
      core::append_utf8(out_, scan_.look());
      scan_.skip(1);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool digit_begins() const {
    return is_ascii_digit(scan_.look()) && !is_ascii_digit(scan_.look(-1)) && !is_latin_letter(scan_.look(-1)) &&
           !(scan_.look(-1) == U'-' && is_latin_letter(scan_.look(-2))) &&
           !(scan_.look(-1) == U'.' && is_ascii_digit(scan_.look(-2)));
  }
  void say(std::string const& words, std::size_t length) {
    out_ += words;
    scan_.skip(length);
  }

  bool money() {
    if (is_latin_letter(scan_.look(-1))) return false;
    auto const* const sign = find_prefix(currencies, scan_.rest());
    if (sign == nullptr) return false;
    auto length = sign->written.size();
    if (scan_.look(static_cast<std::ptrdiff_t>(length)) == U' ') ++length;
    auto const amount = read_numeral(scan_.rest(length));
    if (!amount) return false;
    length += amount->length;
    auto words = amount_of_money(*amount);
    std::string_view unit = sign->spoken;
    if (auto const dash = range_dash(scan_.rest(length)); dash > 0) {
      auto const upper = read_numeral(scan_.rest(length + dash));
      length += dash + upper->length;
      words += "到" + amount_of_money(*upper);
    }
    for (auto c = scan_.rest(length); !c.empty() && (c[0] == U'万' || c[0] == U'亿' || c[0] == U'千');
         c = scan_.rest(++length)) {
      core::append_utf8(words, c[0]);
    }
    say(words.append(unit), length);
    if (scan_.look() == U'元') scan_.skip(1);  // ¥5元
    return true;
  }

  bool phone() {
    auto const opens = scan_.look() == U'+' && is_ascii_digit(scan_.look(1)) && !is_word_character(scan_.look(-1));
    if (!digit_begins() && !opens) return false;
    auto const digits = read_digits(scan_.rest());
    auto const before = scan_.before().substr(scan_.place() - std::min<std::size_t>(scan_.place(), 8));
    auto const named =
        std::ranges::any_of(digits_follow, [&](auto word) { return before.find(word) != std::u32string_view::npos; });
    if (auto const number = read_phone(scan_.rest())) {
      std::string words;
      if (number->international) words += "加";
      for (auto const c : number->groups)
        words += c == U' ' ? "，" : chinese_digits(std::string(1, static_cast<char>(c)), true);
      say(words, number->length);
      return true;
    }
    if (!named || digits.size() < 3 || scan_.look(static_cast<std::ptrdiff_t>(digits.size())) == U'.') return false;
    say(chinese_digits(digits, true), digits.size());
    return true;
  }

  bool date() {
    if (!digit_begins()) return false;
    if (auto const found = read_date(scan_.rest())) {
      say(chinese_digits(found->year) + "年" + chinese_integer(found->month) + "月" + chinese_integer(found->day) + "日",
          found->length);
      return true;
    }
    auto const year = read_digits(scan_.rest());
    auto const dash = range_dash(scan_.rest(year.size()));
    auto const last = dash > 0 ? read_digits(scan_.rest(year.size() + dash)) : std::string();
    auto const both = year.size() + dash + last.size();
    if (year.size() == 4 && last.size() == 4 && scan_.sees(U"年", both)) {
      say(chinese_digits(year) + "到" + chinese_digits(last), both);
      return true;
    }
    auto const decade = year.size() == 2 && year[1] == '0' && scan_.sees(U"年代", 2);
    if (decade) return false;  // 八十年代
    if (year.size() != 4 || !scan_.sees(U"年", 4) || scan_.sees(U"年前", 4) || scan_.sees(U"年后", 4)) return false;
    say(chinese_digits(year), 4);
    return true;
  }

  bool time() {
    if (!digit_begins()) return false;
    auto const found = read_time(scan_.rest());
    if (!found) return false;
    auto const clock = [](TimeOfDay const& t) {
      auto const hour = chinese_integer(t.hour);
      auto words = (hour == "二" ? "两" : hour) + "点";
      auto const two_places = [](std::string const& part) { return (part[0] == '0' ? "零" : "") + chinese_integer(part); };
      if (t.minute != "00" || !t.second.empty()) words += (t.minute == "00" ? "零" : two_places(t.minute)) + "分";
      if (!t.second.empty()) words += (t.second == "00" ? "零" : two_places(t.second)) + "秒";
      return words;
    };
    say(clock(*found), found->length);
    auto const dash = range_dash(scan_.rest());
    if (auto const until = dash > 0 ? read_time(scan_.rest(dash)) : std::nullopt)
      say("到" + clock(*until), dash + until->length);
    return true;
  }

  // 1/2 and 3:1
  bool fraction() {
    if (!digit_begins()) return false;
    auto const upper = read_digits(scan_.rest());
    auto const between = scan_.look(static_cast<std::ptrdiff_t>(upper.size()));
    if (between != U'/' && between != U':' && between != U'：') return false;
    auto const lower = read_digits(scan_.rest(upper.size() + 1));
    auto const length = upper.size() + 1 + lower.size();
    auto const behind = scan_.look(static_cast<std::ptrdiff_t>(length));
    if (lower.empty() || upper.size() > 4 || lower.size() > 4 || behind == between || scan_.look(-1) == between) return false;
    if (is_latin_letter(behind) || behind == U'.') return false;
    say(between == U'/' ? chinese_integer(lower) + "分之" + chinese_integer(upper)
                        : chinese_integer(upper) + "比" + chinese_integer(lower),
        length);
    return true;
  }

  bool negative() {
    auto const sign = scan_.look();
    auto const before = scan_.look(-1);
    if ((sign != U'-' && sign != U'−') || !is_ascii_digit(scan_.look(1)) || is_word_character(before) || before == U')')
      return false;
    if (auto const amount = read_numeral(scan_.rest(1))) {
      auto const unit = scan_.rest(1 + amount->length);
      auto const cold =
          unit.starts_with(U"℃") || unit.starts_with(U"°") || unit.starts_with(U"度") || unit.starts_with(U"摄氏");
      out_ += cold ? "零下" : "负";
    }
    scan_.skip(1);
    return true;
  }

  bool quantity() {
    if (!is_ascii_digit(scan_.look())) return false;
    if (!digit_begins()) return name_digits();
    auto const first = *read_numeral(scan_.rest());
    auto length = first.length;
    auto const repeated_unit = scan_.look(static_cast<std::ptrdiff_t>(length)) == U'%' ? 1U : 0U;  // 10%-20%
    auto const dash = range_dash(scan_.rest(length + repeated_unit));
    if (auto const upper = dash > 0 ? read_numeral(scan_.rest(length + repeated_unit + dash)) : std::nullopt) {
      auto const end = length + repeated_unit + dash + upper->length;
      if (range_dash(scan_.rest(end)) == 0) {
        auto const rest = scan_.rest(end);
        auto const part = rest.starts_with(U'%') ? std::string("百分之") : std::string();
        auto const between = minus_or_range(rest);
        say(part + chinese_decimal(first.integer, first.decimals) + between + part + number(*upper, rest), end);
        if (!part.empty()) scan_.skip(1);
        unit();
        return true;
      }
    }
    if (scan_.look(static_cast<std::ptrdiff_t>(length)) == U'%' || scan_.look(static_cast<std::ptrdiff_t>(length)) == U'‰') {
      auto const part = scan_.look(static_cast<std::ptrdiff_t>(length)) == U'%' ? "百分之" : "千分之";
      say(part + chinese_decimal(first.integer, first.decimals), length + 1);
      return true;
    }
    auto const rest = scan_.rest(length);
    say(number(first, rest), length);
    unit();
    return true;
  }

  // Behind a letter, a dot or a dash digits are part of a name: GPT-4, T430, 1.2.3
  bool name_digits() {
    auto const digits = read_digits(scan_.rest());
    say(digits.size() <= 2 && digits[0] != '0' ? chinese_integer(digits) : chinese_digits(digits), digits.size());
    return true;
  }

  void unit() {
    auto const spaces = scan_.look() == U' ' ? 1U : 0U;
    auto const* const found = find_prefix(units, scan_.rest(spaces));
    if (found == nullptr) return;
    auto const length = spaces + found->written.size();
    auto const behind = scan_.look(static_cast<std::ptrdiff_t>(length));
    if (!is_word_character(behind) && behind != U'-') say(std::string(found->spoken), length);
  }

  [[nodiscard]] bool counts_things(std::u32string_view rest) const {
    if (ordinal_before.find(scan_.look(-1)) != std::u32string_view::npos && scan_.place() > 0) return false;
    if (scan_.before().ends_with(U"星期") || scan_.before().ends_with(U"礼拜")) return false;
    if (rest.starts_with(U' ')) rest.remove_prefix(1);
    if (rest.empty() || rest.starts_with(U"年级")) return false;
    if (measures_of_one.find(rest[0]) != std::u32string_view::npos) return true;
    if (std::ranges::any_of(longer_measures, [&](auto measure) { return rest.starts_with(measure); })) return true;
    auto const* const found = find_prefix(units, rest);
    auto const temperature = found != nullptr && std::string_view(found->spoken).ends_with("氏度");
    return found != nullptr && !temperature &&
           (rest.size() == found->written.size() || !is_word_character(rest[found->written.size()]));
  }

  // 5-3=2 is a sum, 3-5天 is not.
  [[nodiscard]] static std::string minus_or_range(std::u32string_view behind) {
    return behind.substr(0, 2).find(U'=') != std::u32string_view::npos ? "减" : "到";
  }

  static std::string amount_of_money(Numeral const& amount) {
    auto const cents = amount.decimals.substr(0, amount.decimals.find_last_not_of('0') + 1);
    return chinese_decimal(amount.integer, cents);
  }

  [[nodiscard]] std::string number(Numeral const& numeral, std::u32string_view rest) const {
    if (numeral.is_plain() && numeral.integer == "2" && counts_things(rest)) return "两";
    return chinese_decimal(numeral.integer, numeral.decimals);
  }

  bool symbol() {
    auto const c = scan_.look();
    auto const number_before = is_ascii_digit(last_seen()) || core::is_han(last_seen());
    if (c == U'&') {
      say("和", 1);
    } else if (c == U'@') {
      say(" at ", 1);
    } else if (c == U'%') {
      say("百分号", 1);
    } else if (c == U'-' && scan_.look(-1) == U' ' && scan_.look(1) == U' ' && is_ascii_digit(scan_.look(-2)) &&
               is_ascii_digit(scan_.look(2))) {
      say("减", 2);
    } else if (c == U'.' && is_ascii_digit(scan_.look(-1)) && is_ascii_digit(scan_.look(1))) {
      say("点", 1);
    } else if (auto const* const found = find_prefix(symbols, scan_.rest());
               found != nullptr && (number_before || is_word_character(last_seen())) &&
               operand_follows(found->written.size())) {
      say(std::string(found->spoken), found->written.size());
    } else if (found != nullptr) {
      say(c == U'*' ? "" : " ", found->written.size());
    } else {
      return false;
    }
    return true;
  }

  // The character before, white space aside.
  [[nodiscard]] char32_t last_seen() const { return scan_.look(scan_.look(-1) == U' ' ? -2 : -1); }
  [[nodiscard]] bool operand_follows(std::size_t length) const {
    auto const next = scan_.look(static_cast<std::ptrdiff_t>(length) + (scan_.rest(length).starts_with(U' ') ? 1 : 0));
    return is_word_character(next) || core::is_han(next) || next == U'-';
  }

  TextScan scan_;
  std::string out_;
};

}  // namespace

std::string spoken_chinese(std::u32string_view plain) { return ChineseReader(plain).read(); }

}  // namespace parley::speech
