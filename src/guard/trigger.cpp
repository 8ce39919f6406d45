#include "guard/trigger.hpp"

#include <array>

namespace parley::guard {
namespace {

constexpr std::size_t long_run = 20;  // no key by itself is shorter

constexpr auto in_run = [] {
  std::array<bool, 256> in{};
  for (unsigned char const c : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/_.=-") in[c] = c != 0;
  return in;
}();

/// Patterns of these kinds are looked for apart: put into one automaton they take two to three times what they take one after
/// the other.
enum Pass : unsigned { digits, colons_and_accounts, names, literals, operators_words };

}  // namespace

core::Result<PatternSet> compile_triggers(std::vector<std::string> const& words, std::vector<std::string> const& injection) {
  std::string const gap =
      R"((?:[ \t\-.()/_,]|\xc2\xb7|\xc2\xa0|\xe3\x80[\x80\x81]|\xe2\x80[\x80-\x94\xaf]|\xef\xbc[\x88-\x8f]))";
  std::string const han = "(?:零|〇|○|洞|一|壹|幺|二|贰|貳|两|兩|三|叁|參|四|肆|五|伍|六|陆|陸|七|柒|拐|八|捌|九|玖|勾)";
  std::string const digit = "(?:[0-9]|" + han + ")";
  std::string const word =
      "(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
      "(?:twen|thir|for|fif|six|seven|eigh|nine)ty|double|triple|hundred|thousand)";
  std::string const colon = R"((?::|\xef\xbc\x9a))";
  std::string const name =
      "(?:密码|口令|密钥|秘钥|令牌|验证码|卡号|账号|身份证|护照号|社保号|password|passwd|pwd|passcode|passphrase|pin code|"
      "api[ _-]?key|access[ _]key|secret(?:[ _]key)?|access token|auth_token|id number|card number|bank account|passport "
      "number|"
      "security number)";
  std::vector<PatternSet::Pattern> patterns;
  auto const add = [&](Pass pass, std::string expression, Trigger trigger = Trigger::any) {
    patterns.push_back({.expression = std::move(expression),
                        .id = static_cast<unsigned>(trigger),
                        .caseless = true,
                        .with_start = false,
                        .pass = pass});
  };
  add(literals, "-----BEGIN ", Trigger::private_key);
  // Numbers, written and said.
  add(digits, "[0-9](?:" + gap + "{0,3}[0-9]){5}");
  add(digits, digit + "(?:" + gap + "{0,3}" + digit + "){6}");
  // A number that is said, in part at least, has a word beside a digit or another word. "o" stands everywhere: by itself only.
  add(names, word + gap + "{0,3}(?:" + word + "|" + digit + ")");
  add(names, digit + gap + "{0,3}" + word);
  add(literals, R"([ \t\-.()/_,]oh?[ \t\-.()/_,])");
  add(literals, "(?:" + han + R"(|\xc2\xb7|\xe3\x80\x81|\xe2\x80[\x90-\x94])oh?)");
  // Codes.
  add(literals, R"([A-Za-z0-9_%+\-]@[A-Za-z0-9])");
  add(literals,
      "(?:京|津|沪|渝|冀|豫|云|辽|黑|湘|皖|鲁|新|苏|浙|赣|鄂|桂|甘|晋|蒙|陕|吉|闽|贵|粤|青|藏|川|宁|琼|使|领)[A-Za-z]");
  add(colons_and_accounts, R"([A-Z]{2}[0-9]{2}[ \-]?[0-9A-Z]{4})");
  add(colons_and_accounts, R"([0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9])");
  add(colons_and_accounts, "[0-9a-f]" + colon + "[0-9a-f]{0,4}" + colon + "[0-9a-f]{0,4}" + colon);
  // Keys.
  add(literals, "LTAI[A-Za-z0-9]{12}");
  add(literals, "[0-9]" + colon + R"(AA[A-Za-z0-9_\-]{8})");  // Telegram's
  // Names of secrets with something that ties a value to them.
  add(names, name + R"([\x80-\xff\s"'`]{0,12}(?:[:=]|\xef\xbc[\x9a\x9d]|是|为|is\s))");
  // Disguises: compatibility forms (of marks, those that join and are rare in Chinese), hidden characters, marks, letters of
  // other alphabets between Latin ones.
  add(literals, R"(\xef\xbc[\x85\x8b\x8d-\x99\x9d\xa1-\xba\xbf]|\xef\xbd[\x81-\x9a]|\xef\xbc\xa0)", Trigger::disguise);
  add(literals,
      R"(\xe2(?:[\x91-\x93]|\x84|\x81[\xb0-\xbf]|\x82[\x80-\x9c]|\x9d[\xb6-\xbf]|\x9e[\x80-\x93])|\xc2[\xaa\xb2\xb3\xb9\xba])",
      Trigger::disguise);
  add(literals, R"(\xf0\x9d[\x90-\x9f]|\xf0\x9f[\x84-\x87]|\xe2[\xba-\xbf]|\xef[\xa4-\xab])", Trigger::disguise);
  add(literals,
      R"(\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xc2\xad|\xcd\x8f|\xd8\x9c|\xe1\xa0[\x8b-\x8f])",
      Trigger::disguise);
  add(literals,
      R"(\xef\xb8[\x80-\x8f]|\xf3\xa0|\xe1\x85[\x9f\xa0]|\xe1\x9e[\xb4\xb5]|\xe3\x85\xa4|\xef\xbe\xa0|\xef\xbf\xb[0-8])",
      Trigger::disguise);
  add(literals, R"([A-Za-z0-9](?:\xcc|\xcd[\x80-\xaf]|[\xc3-\xc8\xce-\xd1])|[\xc3-\xc8\xce-\xd1][\x80-\xbf][A-Za-z0-9])",
      Trigger::disguise);
  for (auto const& expression : words) add(operators_words, expression);
  for (auto const& expression : injection) add(literals, expression, Trigger::injection);
  return PatternSet::compile(patterns);
}

void each_long_run(std::string_view text, std::function<void(std::size_t, std::size_t)> const& run) {
  auto const in = [&](std::size_t at) { return in_run[static_cast<unsigned char>(text[at])]; };
  // No byte before `from` can belong to a run that is still to be found.
  for (std::size_t from = 0; from + long_run <= text.size();) {
    auto const probe = from + long_run - 1;
    if (!in(probe)) {
      from = probe + 1;
      continue;
    }
    auto begin = probe, end = probe + 1;
    while (begin > from && in(begin - 1)) --begin;
    while (end < text.size() && in(end)) ++end;
    if (end - begin >= long_run) run(begin, end);
    from = end;
  }
}

}  // namespace parley::guard
