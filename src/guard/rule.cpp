#include "guard/rule.hpp"

#include <algorithm>

namespace parley::guard {
namespace {

using enum Action;

// What opens a door (numbers of persons and cards, passwords, keys) is refused on the way in; what a conversation needs
// (a number to call back) reaches the model as a placeholder. Nothing of it comes out, and nothing of it comes from passages.
constexpr std::array<RuleFacts, rule_count> table{{
    {Rule::cn_id18, "cn_id18", "身份证号", "ID number", refuse, mask, mask},
    {Rule::cn_id15, "cn_id15", "身份证号", "ID number", refuse, mask, mask},
    {Rule::cn_uscc, "cn_uscc", "统一社会信用代码", "company code", replace, mask, mask},
    {Rule::bank_card, "bank_card", "银行卡号", "card number", refuse, mask, mask},
    {Rule::iban, "iban", "银行账号", "account number", refuse, mask, mask},
    {Rule::cn_mobile, "cn_mobile", "手机号", "phone number", replace, mask, mask},
    {Rule::cn_landline, "cn_landline", "电话号码", "phone number", replace, mask, mask},
    {Rule::phone, "phone", "电话号码", "phone number", replace, mask, mask},
    {Rule::email, "email", "邮箱", "e-mail address", replace, mask, mask},
    {Rule::cn_passport, "cn_passport", "护照号", "passport number", refuse, mask, mask},
    {Rule::cn_plate, "cn_plate", "车牌号", "number plate", replace, mask, mask},
    {Rule::hk_id, "hk_id", "身份证号", "ID number", refuse, mask, mask},
    {Rule::tw_id, "tw_id", "身份证号", "ID number", refuse, mask, mask},
    {Rule::us_ssn, "us_ssn", "社会保障号", "social security number", refuse, mask, mask},
    {Rule::ip, "ip", "网络地址", "IP address", replace, mask, mask},
    {Rule::phrase, "phrase", "敏感信息", "sensitive information", refuse, mask, mask},
    {Rule::secret, "secret", "密钥", "secret key", refuse, mask, mask},
    {Rule::private_key, "private_key", "私钥", "private key", refuse, mask, mask},
    {Rule::word, "word", "敏感词", "blocked word", mask, mask, mask},
    {Rule::injection, "injection", "可疑指令", "suspicious instructions", log, log, log},
    {Rule::invisible, "invisible", "", "", mask, mask, mask},
}};

constexpr std::array<std::string_view, 4> action_names{"log", "mask", "replace", "refuse"};
constexpr std::array<std::string_view, 3> direction_names{"in", "out", "context"};

template <class Enum, std::size_t N>
std::optional<Enum> find(std::array<std::string_view, N> const& names, std::string_view wanted) noexcept {
  auto const at = std::ranges::find(names, wanted);
  if (at == names.end()) return std::nullopt;
  return static_cast<Enum>(at - names.begin());
}

}  // namespace

RuleFacts const& facts(Rule rule) noexcept { return table[static_cast<std::size_t>(rule)]; }

std::optional<Rule> rule_named(std::string_view name) noexcept {
  auto const at = std::ranges::find(table, name, &RuleFacts::name);
  if (at == table.end()) return std::nullopt;
  return at->rule;
}

std::string_view name(Action action) noexcept { return action_names[static_cast<std::size_t>(action)]; }
std::optional<Action> action_named(std::string_view name) noexcept { return find<Action>(action_names, name); }
std::string_view name(Direction direction) noexcept { return direction_names[static_cast<std::size_t>(direction)]; }
std::optional<Direction> direction_named(std::string_view name) noexcept { return find<Direction>(direction_names, name); }

}  // namespace parley::guard
