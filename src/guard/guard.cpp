#include "guard/guard.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "core/utf8.hpp"
#include "guard/scanner.hpp"

namespace parley::guard {
namespace {

constexpr std::size_t context_bytes = 4 * (look_back + 32);  // kept in front of what is held back
constexpr std::size_t longest_step_bytes = 256 * 1024;       // of a long text, looked through at once

std::chrono::year_month_day date_of_today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now() + std::chrono::hours(14));  // anywhere on Earth
}

/// The language of the last letter; nothing when there is none.
std::optional<bool> is_chinese(std::string_view text) {
  for (auto at = text.size(); at > 0; --at) {
    auto const byte = static_cast<unsigned char>(text[at - 1]);
    if (is_letter(byte)) return false;
    if (byte < 0xC0) continue;  // inside a character, or no letter
    auto const c = core::decode_utf8(text.substr(at - 1, byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2)).front();
    if (core::is_han(c)) return true;
  }
  return std::nullopt;
}

}  // namespace

struct Gate::State {
  std::shared_ptr<Guard const> guard;
  Direction direction;
  GateOptions options;
  std::string buffer;        ///< context, then what is held back
  std::size_t released = 0;  ///< bytes of the buffer that have left
  std::size_t position = 0;  ///< of the first byte that has not left, in code points of the stream
  bool chinese = true;
  bool refused = false, finished = false;
  std::vector<Finding> findings;
  std::vector<unsigned> injection_kinds;
  double innocent = 1;  ///< Π(1 − weight)
  bool injection_told = false;
  Report::Flow flow;

  Action action_of(Scanner::Hit const& hit) const {
    auto const& policy = guard->policy();
    auto action = policy.of(hit.rule).of(direction);
    if (hit.rule == Rule::word) {
      auto const list = std::ranges::find(policy.words, hit.detail, &WordList::name);
      if (list != policy.words.end()) action = list->actions.of(direction);
    }
    if (action == Action::refuse && options.refusals_are_masks) return Action::mask;
    if (action == Action::replace && options.vault == nullptr) return Action::mask;
    return action;
  }

  void note(std::string rule, std::size_t start, std::size_t end, Action action) {
    if (options.counted) guard->report().count(rule, direction, action, options.client);
    findings.push_back({std::move(rule), start, end, action});
  }

  std::string refusal() const {
    auto const& policy = guard->policy();
    auto const& sentences = direction == Direction::out ? policy.refusal_out : policy.refusal_in;
    return chinese ? sentences.zh : sentences.en;
  }

  /// Lets the clean text up to `to` out.
  void let_out(std::size_t to, std::string& out) {
    auto const text = std::string_view(buffer).substr(released, to - released);
    out += text;
    position += core::count_code_points(text);
    released = to;
  }

  std::string put_in_place(Scanner::Hit const& hit, Action action, std::string_view value) {
    if (action == Action::replace) return options.vault->placeholder(hit.rule, hit.key, value, chinese);
    auto const& about = facts(hit.rule);
    if (about.zh.empty()) return {};
    return "[" + std::string(chinese ? about.zh : about.en) + "]";
  }

  /// Everything that `scan` has settled leaves. False when it is refused.
  bool let_out_scanned(Scanner::Scan const& scan, std::string& out) {
    for (auto const& hit : scan.hits) {
      if (auto const found = is_chinese(std::string_view(buffer).substr(0, hit.begin))) chinese = *found;
      auto const action = action_of(hit);
      let_out(hit.begin, out);
      auto const value = std::string_view(buffer).substr(hit.begin, hit.end - hit.begin);
      auto const length = core::count_code_points(value);
      auto rule = std::string(facts(hit.rule).name);
      if (!hit.detail.empty()) rule += "." + hit.detail;
      note(std::move(rule), position, position + length, action);
      if (action == Action::refuse) return false;
      out += action == Action::log ? std::string(value) : put_in_place(hit, action, value);
      position += length;
      released = hit.end;
    }
    return weigh(scan);
  }

  /// Injection: a score over everything that has passed.
  bool weigh(Scanner::Scan const& scan) {
    for (auto const& hit : scan.injections) {
      if (std::ranges::find(injection_kinds, hit.kind) != injection_kinds.end()) continue;
      injection_kinds.push_back(hit.kind);
      innocent *= 1 - hit.weight;
      if (injection_told || 1 - innocent < guard->policy().injection_threshold) continue;
      injection_told = true;
      auto const before_hit =
          hit.begin < released
              ? position - core::count_code_points(std::string_view(buffer).substr(hit.begin, released - hit.begin))
              : position + core::count_code_points(std::string_view(buffer).substr(released, hit.begin - released));
      auto const length = core::count_code_points(std::string_view(buffer).substr(hit.begin, hit.end - hit.begin));
      auto action = guard->policy().of(Rule::injection).of(direction);
      if (action == Action::refuse && options.refusals_are_masks) action = Action::log;
      note(std::string(facts(Rule::injection).name), before_hit, before_hit + length, action);
      if (action == Action::refuse) return false;
    }
    return true;
  }

  std::string process(bool final) {
    std::string out;
    auto const whole = final ? buffer.size() : core::complete_utf8_prefix(buffer);
    auto const text = std::string_view(buffer).substr(0, whole);
    auto const scan = guard->scanner().scan(
        text,
        {.final = final, .released = static_cast<std::uint32_t>(released), .today = options.today, .skip_first_look = false});
    if (!let_out_scanned(scan, out)) {
      refused = true;
      buffer.clear();
      released = 0;
      return refusal();
    }
    if (scan.safe > released) let_out(scan.safe, out);
    flow.most_held_bytes = std::max<std::uint64_t>(flow.most_held_bytes, buffer.size() - released);
    trim();
    return out;
  }

  /// Forgets what no detector will look back at: a break is as good as the beginning of the text.
  void trim() {
    if (released <= context_bytes) return;
    auto from = released - context_bytes;
    while (from > 0 && (static_cast<unsigned char>(buffer[from]) & 0xC0U) == 0x80U) --from;
    if (from < context_bytes) return;  // not worth moving
    if (auto const found = is_chinese(std::string_view(buffer).substr(0, released))) chinese = *found;
    buffer.erase(0, from);
    released -= from;
  }

  std::string timed(bool final) {
    auto const begin = core::Clock::now();
    auto out = process(final);
    auto const spent = core::Clock::now() - begin;
    flow.spent += spent;
    flow.longest_push = std::max<std::chrono::nanoseconds>(flow.longest_push, spent);
    return out;
  }
};

Gate::Gate(std::shared_ptr<Guard const> guard, Direction direction, GateOptions options) : state_(std::make_unique<State>()) {
  state_->guard = std::move(guard);
  state_->direction = direction;
  state_->options = std::move(options);
  state_->chinese = state_->options.chinese;
  state_->flow.streams = 1;
  auto& today = state_->options.today;
  if (!today.ok() || today.year() == std::chrono::year{0}) today = date_of_today();
}

Gate::Gate(Gate&&) noexcept = default;

Gate::~Gate() {
  if (!state_ || !state_->options.counted) return;
  state_->flow.streams_hit = state_->findings.empty() ? 0 : 1;
  state_->flow.refused = state_->refused ? 1 : 0;
  state_->guard->report().add(state_->direction, state_->flow);
}

std::string Gate::push(std::string_view bytes) {
  std::string out;
  while (!bytes.empty() && !state_->refused && !state_->finished) {
    auto const step = bytes.substr(0, longest_step_bytes);
    bytes.remove_prefix(step.size());
    state_->flow.bytes += step.size();
    state_->buffer += step;
    auto released = state_->timed(false);
    out = state_->refused ? std::move(released) : out + released;
  }
  return out;
}

std::string Gate::finish() {
  if (state_->refused || std::exchange(state_->finished, true)) return {};
  return state_->timed(true);
}

bool Gate::refused() const noexcept { return state_->refused; }
std::string Gate::refusal() const { return state_->refusal(); }
std::vector<Finding> const& Gate::findings() const noexcept { return state_->findings; }
double Gate::injection_score() const noexcept { return 1 - state_->innocent; }

Guard::Guard(Policy policy, std::unique_ptr<Scanner> scanner)
    : policy_(std::move(policy)), scanner_(std::move(scanner)), report_(std::make_unique<Report>()) {}
Guard::~Guard() = default;

core::Result<std::shared_ptr<Guard const>> Guard::compile(Policy policy) {
  auto scanner = Scanner::compile(policy);
  if (!scanner) return std::unexpected(scanner.error());
  struct Open : Guard {
    Open(Policy p, std::unique_ptr<Scanner> s) : Guard(std::move(p), std::move(s)) {}
  };
  return std::make_shared<Open>(std::move(policy), std::make_unique<Scanner>(std::move(*scanner)));
}

Gate Guard::open(Direction direction, GateOptions options) const { return {shared_from_this(), direction, std::move(options)}; }

Guard::Checked Guard::check(Direction direction, std::string_view text, GateOptions options) const {
  auto gate = open(direction, std::move(options));
  Checked checked;
  checked.released = gate.push(text);
  auto rest = gate.finish();
  checked.refused = gate.refused();
  checked.released = checked.refused && !rest.empty() ? std::move(rest) : checked.released + rest;
  checked.findings = gate.findings();
  checked.injection_score = gate.injection_score();
  return checked;
}

}  // namespace parley::guard
