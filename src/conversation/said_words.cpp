#include "conversation/said_words.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

using View = std::string_view;

constexpr std::array listening_zh{
    View("嗯哼"), View("嗯"),   View("恩"),     View("唔"),     View("哦"),     View("噢"),       View("喔"),     View("啊"),
    View("呃"),   View("额"),   View("哎"),     View("诶"),     View("欸"),     View("哈哈"),     View("哈"),     View("呵呵"),
    View("呵"),   View("对的"), View("对啊"),   View("对呀"),   View("对吧"),   View("对"),       View("是的"),   View("是啊"),
    View("是呀"), View("是吗"), View("是"),     View("好的"),   View("好吧"),   View("好啊"),     View("好呀"),   View("好嘞"),
    View("好"),   View("行"),   View("可以"),   View("没错"),   View("明白了"), View("明白"),     View("知道了"), View("知道"),
    View("了解"), View("懂了"), View("这样啊"), View("这样子"), View("这样"),   View("原来如此"), View("真的吗"), View("真的"),
    View("当然"), View("不错"), View("有道理"), View("确实"),   View("哇"),     View("嘿")};
constexpr std::array listening_en{
    View("uh huh"),  View("uhhuh"),     View("mm hmm"),      View("mmhmm"),       View("mm hm"),  View("mhm"),
    View("mhmm"),    View("mmm"),       View("mm"),          View("hmm"),         View("hm"),     View("m"),
    View("huh"),     View("uh"),        View("um"),          View("ah"),          View("aha"),    View("oh"),
    View("yeah"),    View("yep"),       View("yup"),         View("yes"),         View("ya"),     View("ok"),
    View("okay"),    View("right"),     View("sure"),        View("i see"),       View("got it"), View("wow"),
    View("really"),  View("cool"),      View("great"),       View("nice"),        View("true"),   View("exactly"),
    View("alright"), View("all right"), View("of course"),   View("go on"),       View("good"),   View("fine"),
    View("ha"),      View("haha"),      View("interesting"), View("makes sense"), View("indeed"), View("absolutely")};
constexpr std::array stop_zh{View("停"),   View("等"),   View("别"),   View("不"),   View("打住"), View("先"),
                             View("慢着"), View("闭嘴"), View("安静"), View("够了"), View("行了"), View("算了"),
                             View("错"),   View("我想"), View("我问"), View("换")};
constexpr std::array stop_en{View("stop"),   View("wait"),     View("hold on"),  View("hang on"),    View("no"),
                             View("enough"), View("shut up"),  View("be quiet"), View("quiet"),      View("excuse me"),
                             View("sorry"),  View("actually"), View("but"),      View("never mind"), View("pause"),
                             View("dont"),   View("don t"),    View("just a"),   View("one moment"), View("let me")};
// A text that ends so is not over.
constexpr std::array open_zh{
    View("因为"), View("所以"), View("但是"), View("可是"), View("不过"), View("而且"), View("然后"),   View("还有"),
    View("如果"), View("要是"), View("就是"), View("那个"), View("这个"), View("或者"), View("比如"),   View("比如说"),
    View("以及"), View("和"),   View("跟"),   View("把"),   View("被"),   View("给"),   View("在"),     View("从"),
    View("对于"), View("关于"), View("嗯"),   View("呃"),   View("额"),   View("我想"), View("我要"),   View("我的"),
    View("帮我"), View("请"),   View("想要"), View("一个"), View("的话"), View("虽然"), View("是不是"), View("并且"),
    View("再"),   View("向"),   View("往")};
constexpr std::array open_en{
    View("and"),   View("but"),   View("or"),  View("so"),    View("because"), View("if"),   View("when"),   View("that"),
    View("which"), View("the"),   View("a"),   View("an"),    View("my"),      View("your"), View("his"),    View("her"),
    View("our"),   View("their"), View("to"),  View("of"),    View("for"),     View("with"), View("from"),   View("in"),
    View("on"),    View("at"),    View("by"),  View("about"), View("like"),    View("um"),   View("uh"),     View("er"),
    View("well"),  View("then"),  View("is"),  View("are"),   View("was"),     View("i"),    View("we"),     View("they"),
    View("would"), View("could"), View("can"), View("will"),  View("want"),    View("need"), View("please"), View("also"),
    View("than"),  View("some")};

bool is_digit_word(char32_t c) {
  return core::is_ascii_digit(c) || std::u32string_view(U"零〇一二三四五六七八九幺两").find(c) != std::u32string_view::npos;
}

/// Whether the text can be cut into entries of the list, blanks aside. `open`: the last one may be a beginning of an entry.
bool made_of(View text, std::span<View const> list, bool open) {
  std::vector<bool> reached(text.size() + 1);
  reached[0] = true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!reached[at]) continue;
    if (text[at] == ' ') reached[at + 1] = true;
    auto const rest = text.substr(at);
    for (View const entry : list) {
      if (rest.starts_with(entry)) reached[at + entry.size()] = true;
      if (open && entry.starts_with(rest)) return true;
    }
  }
  return reached[text.size()];
}

/// A word of letters ends here: "no" is not the beginning of "now".
bool whole_word(View text, std::size_t end) { return end >= text.size() || text[end] == ' ' || (text[end] & 0x80) != 0; }

bool begins_with(View text, View word) { return text.starts_with(word) && whole_word(text, word.size()); }

bool ends_with_word(View text, View word) {
  if (!text.ends_with(word)) return false;
  auto const before = text.size() - word.size();
  return before == 0 || text[before - 1] == ' ' || (text[before - 1] & 0x80) != 0;
}

bool is_han_text(View text) {
  auto const letters = core::decode_utf8(text);
  return std::ranges::any_of(letters, core::is_han);
}

bool is_listening(View text, bool open) {
  auto const plain = plain_words(text);
  if (plain.empty()) return false;
  if (is_han_text(plain)) return made_of(plain, listening_zh, open);
  // Words of letters: entry by entry, so that "right" is not found in "rightly". One letter is the beginning of anything.
  View rest(plain);
  while (!rest.empty()) {
    auto const longest = std::ranges::max(listening_en, {}, [&](View e) { return begins_with(rest, e) ? e.size() : 0; });
    if (!begins_with(rest, longest)) {
      return open && rest.size() > 1 && std::ranges::any_of(listening_en, [&](View e) { return e.starts_with(rest); });
    }
    rest.remove_prefix(std::min(rest.size(), longest.size() + 1));
  }
  return true;
}

/// zero … nine as words; the number of letters of the last one, 0 when it is none.
std::size_t english_digit_at_end(View text) {
  for (View const word : {View("zero"), View("oh"), View("one"), View("two"), View("three"), View("four"), View("five"),
                          View("six"), View("seven"), View("eight"), View("nine")}) {
    if (ends_with_word(text, word)) return word.size();
  }
  return 0;
}

}  // namespace

std::string plain_words(View text) {
  std::u32string out;
  bool gap = false;
  char32_t before = 0;
  for (char32_t c : core::decode_utf8(text)) {
    if (c >= U'A' && c <= U'Z') c += U'a' - U'A';
    bool const letter = core::is_latin_letter(c) || core::is_ascii_digit(c);
    if (!letter && !core::is_han(c)) {
      if (c != U'\'' && c != U'\u2019') gap = true;
      continue;
    }
    if (gap && letter && before != 0 && !core::is_han(before)) out += U' ';
    out += before = c;
    gap = false;
  }
  return core::encode_utf8(out);
}

int count_words(View text) {
  int words = 0;
  bool in_word = false;
  for (char32_t const c : core::decode_utf8(plain_words(text))) {
    bool const han = core::is_han(c);
    bool const letter = !han && c != U' ';
    if (han || (letter && !in_word)) ++words;
    in_word = letter;
  }
  return words;
}

bool only_listening(View text) { return is_listening(text, false); }
bool begins_like_listening(View text) { return is_listening(text, true); }

bool asks_to_stop(View text) {
  auto plain = plain_words(text);
  View rest(plain);
  // 嗯，等一下 asks to stop as well.
  for (View const filler :
       {View("嗯"), View("哎"), View("诶"), View("啊"), View("呃"), View("uh "), View("oh "), View("um ")}) {
    while (rest.starts_with(filler)) rest.remove_prefix(filler.size());
  }
  if (rest.starts_with("不错")) return false;
  return std::ranges::any_of(stop_zh, [&](View w) { return rest.starts_with(w); }) ||
         std::ranges::any_of(stop_en, [&](View w) { return begins_with(rest, w); });
}

bool heard_in_noise(View text) {
  auto const plain = plain_words(text);
  return std::ranges::any_of(std::array{View("you"), View("thank you"), View("thanks"), View("bye"), View("谢谢"),
                                        View("谢谢观看"), View("谢谢大家"), View("字幕"), View("the"), View("i")},
                             [&](View w) { return plain == w; });
}

float evidence_of_end(View text) {
  auto letters = core::decode_utf8(text);
  while (!letters.empty() && core::is_space(letters.back())) letters.pop_back();
  if (letters.empty()) return 0;
  auto const plain = plain_words(text);
  if (plain.empty()) return 0;
  char32_t const mark = letters.back();
  if (mark == U'…' || text.ends_with("...") || mark == U'-' || mark == U'—') return -2.5F;
  if (mark == U',' || mark == U'，' || mark == U'、') return -1.5F;
  bool const asks = mark == U'?' || mark == U'？';
  if (is_han_text(plain)) {
    for (View const particle : {View("吗"), View("呢"), View("吧"), View("么"), View("谢谢"), View("再见")}) {
      if (plain.ends_with(particle)) return 1.5F;
    }
    if (asks) return 1.0F;
    if (std::ranges::any_of(open_zh, [&](View w) { return plain.ends_with(w); })) return -3.0F;
  } else {
    if (asks) return 1.5F;
    if (std::ranges::any_of(open_en, [&](View w) { return ends_with_word(plain, w); })) return -3.0F;
    if (plain.ends_with("thank you") || plain.ends_with("thanks") || plain.ends_with("goodbye")) return 1.5F;
  }
  return mark == U'.' || mark == U'。' || mark == U'!' || mark == U'！' ? 0.5F : 0.0F;
}

int digits_at_end(View text) {
  int words = 0;
  auto plain = plain_words(text);
  for (View rest(plain);;) {
    auto const size = english_digit_at_end(rest);
    if (size == 0) break;
    ++words;
    rest.remove_suffix(std::min(rest.size(), size + 1));
  }
  if (words > 0) return words;
  auto letters = core::decode_utf8(plain_words(text));
  int digits = 0;
  for (auto at = letters.rbegin(); at != letters.rend(); ++at) {
    if (is_digit_word(*at)) {
      ++digits;
    } else if (*at != U' ') {
      break;
    }
  }
  return digits;
}

bool is_echo_of(View heard, View said) {
  auto const words = plain_words(heard);
  bool const han = is_han_text(words);
  if (count_words(heard) < (han ? 4 : 3)) return false;
  return plain_words(said).find(words) != std::string::npos;
}

Expected expected_after(View answer) {
  auto const plain = plain_words(answer);
  auto const any = [&](std::initializer_list<View> words) {
    return std::ranges::any_of(words, [&](View w) { return plain.find(w) != std::string::npos; });
  };
  if (any({"号码", "电话", "手机号", "验证码", "卡号", "身份证", "密码", "单号", "phone", "number", "digits", "code"})) {
    return Expected::digits;
  }
  if (any({"地址", "邮箱", "怎么写", "怎么拼", "address", "email", "e mail", "spell"})) return Expected::spelling;
  return Expected::anything;
}

}  // namespace parley::conversation
