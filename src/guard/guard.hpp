#pragma once
// The gate through which everything flows that people and models say to each other.
//
//   auto guard = Guard::compile(policy);                 // once; fails closed: what is missing is an error here
//   auto gate = (*guard)->open(Direction::out);          // one per stream
//   send(gate.push("我的电话是138"));                     // "我的电话是"
//   send(gate.push("00138000，谢谢"));                    // "[手机号]，谢谢"
//   send(gate.finish());
//
// A gate lets text out at once unless something that is looked for may still be under way at its end; then it holds back
// exactly from where that began. Bytes may be cut anywhere, inside a character too; the result is the same however they are
// cut. Positions are code points of the original stream. Guard: thread-safe, immutable. Gate: one thread at a time.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/policy.hpp"
#include "guard/report.hpp"
#include "guard/vault.hpp"

namespace parley::guard {

struct Finding {
  std::string rule;  ///< "cn_id18", "secret.openai", "word.<list>", …
  std::size_t start = 0, end = 0;
  Action action = Action::log;
};

class Scanner;

struct GateOptions {
  Vault* vault = nullptr;               ///< where placeholders live; without one, `replace` is `mask`. Outlives the gate.
  bool chinese = true;                  ///< of labels and refusals where the text before says nothing
  bool refusals_are_masks = false;      ///< of what was said earlier in a conversation and refused then
  std::string client = {};              ///< whose text it is, in the report: the id of a key
  bool counted = true;                  ///< false: the report has had this text before
  std::chrono::year_month_day today{};  ///< default: the system's date
};

class Guard;

class Gate {
 public:
  Gate(std::shared_ptr<Guard const> guard, Direction direction, GateOptions options);
  ~Gate();
  Gate(Gate&&) noexcept;
  Gate& operator=(Gate&&) = delete;

  /// What may leave now. Once something was refused: the sentence that says so, then nothing any more.
  [[nodiscard]] std::string push(std::string_view bytes);
  [[nodiscard]] std::string finish();

  [[nodiscard]] bool refused() const noexcept;
  [[nodiscard]] std::string refusal() const;  ///< the sentence for it, in the language of the text so far
  [[nodiscard]] std::vector<Finding> const& findings() const noexcept;  ///< in order of their starts (injection: of their ends)
  [[nodiscard]] double injection_score() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Guard : public std::enable_shared_from_this<Guard> {
 public:
  /// `unavailable` when a part cannot be built; then nothing may be served.
  [[nodiscard]] static core::Result<std::shared_ptr<Guard const>> compile(Policy policy);
  ~Guard();

  [[nodiscard]] Gate open(Direction direction, GateOptions options = {}) const;
  /// A whole text at once. On a refusal the text is the sentence alone.
  struct Checked {
    std::string released;
    std::vector<Finding> findings;
    bool refused = false;
    double injection_score = 0;
  };
  [[nodiscard]] Checked check(Direction direction, std::string_view text, GateOptions options = {}) const;

  [[nodiscard]] Policy const& policy() const noexcept { return policy_; }
  [[nodiscard]] Scanner const& scanner() const noexcept { return *scanner_; }
  [[nodiscard]] Report& report() const noexcept { return *report_; }

 private:
  Guard(Policy policy, std::unique_ptr<Scanner> scanner);
  Policy policy_;
  std::unique_ptr<Scanner> scanner_;
  std::unique_ptr<Report> report_;
};

}  // namespace parley::guard
