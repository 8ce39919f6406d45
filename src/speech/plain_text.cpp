#include "speech/plain_text.hpp"

#include <algorithm>

#include "core/utf8.hpp"
#include "speech/text_scan.hpp"

namespace parley::speech {
namespace {

using core::is_ascii_digit;
using core::is_space;

constexpr auto npos = std::u32string_view::npos;

bool is_one_of(char32_t c, std::u32string_view set) { return c != U'\0' && set.find(c) != npos; }

bool is_url_character(char32_t c) {
  return is_ascii_digit(c) || (c < 0x80 && core::is_latin_letter(c)) || is_one_of(c, U"-._~:/?#[]@!$&'()*+,;=%");
}

// Pauses after marks that end something already; otherwise a line break is one itself.
bool ends_a_phrase(char32_t c) { return is_one_of(c, U",.!?;:，。！？；：、…—"); }

class Plain {
 public:
  Plain(std::u32string_view written, bool chinese) : scan_(written), chinese_(chinese) {}

  std::u32string take() {
    line_start();
    while (!scan_.at_end()) {
      if (line_break() || space() || address() || link() || tag() || mark()) continue;
      auto const c = scan_.look();
      scan_.skip(1);
      if (!core::is_emoji(c) && c != 0xFFFD && c >= 0x20 && c != 0x7F && c != 0xFEFF && c != 0x200B) put(as_ascii(c));
    }
    while (!out_.empty() && is_space(out_.back())) out_.pop_back();
    return std::move(out_);
  }

 private:
  static char32_t as_ascii(char32_t c) {
    auto const wide_word = (c >= U'０' && c <= U'９') || (c >= U'Ａ' && c <= U'Ｚ') || (c >= U'ａ' && c <= U'ｚ');
    return wide_word || c == U'％' || c == U'＋' || c == U'＝' || c == U'－' || c == U'．' ? c - 0xFEE0 : c;
  }

  void put(char32_t c) {
    if (c == U' ' && (out_.empty() || out_.back() == U' ')) return;
    out_.push_back(c);
  }
  void put(std::u32string_view text) {
    for (auto const c : text) put(c);
  }

  bool space() {
    if (!is_space(scan_.look())) return false;
    put(U' ');
    scan_.skip(1);
    return true;
  }

  bool line_break() {
    auto const c = scan_.look();
    if (c != U'\n' && c != U'\r') return false;
    scan_.skip(1);
    while (!out_.empty() && out_.back() == U' ') out_.pop_back();
    if (!out_.empty() && !ends_a_phrase(out_.back())) put(chinese_ ? U"，" : U",");
    if (!chinese_) put(U' ');
    line_start();
    return true;
  }

  // # headings, > quotes, - * + lists, [ ] tasks, --- rules, ``` fences with the name of their language.
  void line_start() {
    auto rest = scan_.rest();
    auto const length = std::min(rest.find_first_of(U"\r\n"), rest.size());
    auto const line = rest.substr(0, length);
    auto const begin = std::min(line.find_first_not_of(U" \t"), line.size());
    auto const body = line.substr(begin);
    if (body.empty()) return;
    if (body.starts_with(U"```") || body.starts_with(U"~~~") || body.find_first_not_of(U"-=*_ |:+") == npos) {
      if (body.size() >= 3) return scan_.skip(length);
    }
    auto const marks = std::min(body.find_first_not_of(is_one_of(body[0], U"#") ? U"#" : U">-*+ "), body.size());
    auto const spaced = marks < body.size() && (body[marks] == U' ' || (marks > 0 && body[marks - 1] == U' '));
    if (is_one_of(body[0], U"#>") || (is_one_of(body[0], U"-*+") && spaced && marks <= 2)) {
      if (spaced || body[0] == U'>') scan_.skip(begin + marks);
      if (scan_.sees(U"[ ] ") || scan_.sees(U"[x] ")) scan_.skip(4);
    }
  }

  // https://www.example.com/a?b → example.com, put in words
  bool address() {
    auto const start = scan_.sees(U"https://") ? 8U : scan_.sees(U"http://") ? 7U : scan_.sees(U"www.") ? 4U : 0U;
    if (start == 0 || is_word_character(scan_.look(-1))) return false;
    auto const all = scan_.rest();
    auto length = static_cast<std::size_t>(std::ranges::find_if_not(all, is_url_character) - all.begin());
    while (length > start && is_one_of(all[length - 1], U".,!?;:)'*]")) --length;
    auto host = all.substr(start, length - std::min<std::size_t>(length, start));
    if (host.starts_with(U"www.")) host.remove_prefix(4);
    host = host.substr(0, host.find_first_of(U"/?#:"));
    put_dotted(host);
    scan_.skip(std::max<std::size_t>(length, start));
    return true;
  }

  void put_dotted(std::u32string_view host) {
    for (auto const c : host) {
      if (c == U'.') {
        put(chinese_ ? U" 点 " : U" dot ");
      } else {
        put(c);
      }
    }
  }

  // [1], [2, 3]: where it is from, for the eye
  bool citation() {
    if (scan_.look() != U'[') return false;
    auto const end = scan_.rest().substr(0, 16).find(U']');
    if (end == npos || end < 2) return false;
    auto const inside = scan_.rest().substr(1, end - 1);
    if (!core::is_ascii_digit(inside.front()) || inside.find_first_not_of(U"0123456789, ，、") != npos) return false;
    if (scan_.look(end + 1) == U'(') return false;  // a link whose text is a number
    scan_.skip(end + 1);
    return true;
  }

  // [text](address) and ![picture](address): the text stays
  bool link() {
    if (citation()) return true;
    auto const picture = scan_.look() == U'!' && scan_.look(1) == U'[';
    if (scan_.look() == U'[' || picture) {
      scan_.skip(picture ? 2 : 1);
      return true;
    }
    if (scan_.look() != U']') return false;
    scan_.skip(1);
    if (scan_.look() == U'(') {
      auto const end = scan_.rest().find_first_of(U")\n");
      scan_.skip(end == npos ? scan_.rest().size() : end + 1);
    }
    return true;
  }

  // <b>, </p>, <br/>, and <https://…> whose brackets go
  bool tag() {
    if (scan_.look() != U'<') return false;
    if (scan_.sees(U"<http")) return scan_.skip(1), true;
    if (!core::is_latin_letter(scan_.look(1)) && scan_.look(1) != U'/') return false;
    auto const end = scan_.rest().substr(0, 200).find_first_of(U">\n");
    if (end == npos || scan_.rest()[end] != U'>') return false;
    put(U' ');
    scan_.skip(end + 1);
    return true;
  }

  bool mark() {
    auto const c = scan_.look();
    if (c == U'`') {
      // code is read like text
    } else if (c == U'|' || c == U'\\') {
      put(U' ');
    } else if (c == U'*') {
      // 3*4 is a product; every other star is emphasis
      if (is_ascii_digit(scan_.look(-1)) && is_ascii_digit(scan_.look(1))) return false;
      if (scan_.look(-1) == U' ' && scan_.look(1) == U' ') return false;
    } else if (c == U'_') {
      if (is_word_character(scan_.look(-1)) && is_word_character(scan_.look(1))) put(U' ');  // snake_case
    } else if (c == U'~' && (scan_.look(1) == U'~' || scan_.look(-1) == U'~')) {
      // ~~struck~~
    } else {
      return false;
    }
    scan_.skip(1);
    return true;
  }

  TextScan scan_;
  bool chinese_;
  std::u32string out_;
};

}  // namespace

std::u32string plain_text(std::u32string_view written, bool chinese) { return Plain(written, chinese).take(); }

}  // namespace parley::speech
