#pragma once
// What the gate looks for, which way the text flows, and what may be done about a hit.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::guard {

enum class Direction : std::uint8_t {
  in,       // what a person says or writes, before a model sees it
  out,      // what a model writes: answers, thinking, tool arguments
  context,  // what others wrote and a model will read: retrieved passages, results of tools
};

enum class Action : std::uint8_t {
  log,      // count it and let it pass
  mask,     // a label in its place: [手机号]
  replace,  // a numbered placeholder in its place: [手机号1], which the reply turns back
  refuse,   // nothing more passes; a sentence says why
};

enum class Rule : std::uint8_t {
  cn_id18,
  cn_id15,
  cn_uscc,
  bank_card,
  iban,
  cn_mobile,
  cn_landline,
  phone,
  email,
  cn_passport,
  cn_plate,
  hk_id,
  tw_id,
  us_ssn,
  ip,
  phrase,       // 身份证号：…, password: …
  secret,       // API keys and tokens; findings are named secret.openai and so on
  private_key,  // PEM
  word,         // the operator's lists; findings are named word.<list>
  injection,    // phrases that try to give the model orders; a score over the whole text
  invisible,    // characters that cannot be seen: bidirectional controls, tags, zero widths inside words
};
inline constexpr std::size_t rule_count = static_cast<std::size_t>(Rule::invisible) + 1;

struct RuleFacts {
  Rule rule;
  std::string_view name;    ///< in policies, findings and reports
  std::string_view zh, en;  ///< what a mask says; spoken in a call
  Action in, out, context;  ///< unless the policy says otherwise
};

[[nodiscard]] RuleFacts const& facts(Rule rule) noexcept;
[[nodiscard]] std::optional<Rule> rule_named(std::string_view name) noexcept;
[[nodiscard]] std::string_view name(Action action) noexcept;
[[nodiscard]] std::optional<Action> action_named(std::string_view name) noexcept;
[[nodiscard]] std::string_view name(Direction direction) noexcept;
[[nodiscard]] std::optional<Direction> direction_named(std::string_view name) noexcept;

}  // namespace parley::guard
