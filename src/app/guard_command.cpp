#include "app/guard_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/config.hpp"
#include "core/clock.hpp"
#include "core/utf8.hpp"
#include "guard/grounding/grounding.hpp"
#include "guard/guard.hpp"

namespace parley::app {
namespace {

using nlohmann::json;

struct Options {
  std::string direction = "in";
  std::string policy;
  std::vector<std::string> files;
  bool quiet = false;
  std::string on_unsupported = "flag";
};

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << '\n';
  return 1;
}

core::Result<guard::Policy> policy_of(Options const& options) {
  return guard::load_policy(options.policy.empty() ? share_folder() / "config" / "guard.yaml"
                                                   : std::filesystem::path(options.policy));
}

core::Result<std::shared_ptr<guard::Guard const>> guard_of(Options const& options) {
  auto policy = policy_of(options);
  if (!policy) return std::unexpected(policy.error());
  return guard::Guard::compile(std::move(*policy));
}

std::string dumped(json const& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// One answer for every line of standard input that is not blank; lines that cannot be read are answered with their error.
template <class Answer>
int answer_lines(std::istream& in, std::ostream& out, Answer answer) {
  int failed = 0;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto const parsed = json::parse(line, nullptr, false);
    core::Result<json> one =
        parsed.is_discarded() ? core::Result<json>(core::fail(core::Code::invalid, "this line is no JSON")) : answer(parsed);
    if (!one) {
      one.error().subject = "line " + std::to_string(number);
      failed = complain(one.error());
      one = json{{"error", one.error().message}};
    }
    out << dumped(*one) << '\n' << std::flush;
  }
  return failed;
}

bool is_list_of_strings(json const& line, char const* key) {
  return line.contains(key) && line[key].is_array() &&
         std::ranges::all_of(line[key], [](json const& entry) { return entry.is_string(); });
}

// ---- check ------------------------------------------------------------------------------------------------------------------

core::Result<json> check(json const& line, guard::Guard const& guard, guard::Direction direction) {
  bool const whole = line.is_object() && line.contains("text") && line["text"].is_string();
  if (!whole && !(line.is_object() && is_list_of_strings(line, "pieces"))) {
    return core::fail(core::Code::invalid, "a line holds an object with \"text\" (a string) or \"pieces\" (a list of strings)");
  }
  guard::Vault vault;
  auto gate = guard.open(direction, {.vault = &vault});
  json answer;
  if (whole) {
    auto released = gate.push(line["text"].get_ref<std::string const&>());
    auto rest = gate.finish();
    answer["released"] = gate.refused() && !rest.empty() ? rest : released + rest;
  } else {
    answer["released"] = json::array();
    for (auto const& piece : line["pieces"]) answer["released"].push_back(gate.push(piece.get_ref<std::string const&>()));
    answer["released"].push_back(gate.finish());
  }
  answer["findings"] = json::array();
  for (auto const& finding : gate.findings()) {
    answer["findings"].push_back(
        {{"rule", finding.rule}, {"start", finding.start}, {"end", finding.end}, {"action", guard::name(finding.action)}});
  }
  answer["injection_score"] = gate.injection_score();
  return answer;
}

int run_check(Options const& options) {
  auto const guard = guard_of(options);
  if (!guard) return complain(guard.error());
  return guard_check(std::cin, std::cout, **guard, *guard::direction_named(options.direction));
}

// ---- scan -------------------------------------------------------------------------------------------------------------------

constexpr std::size_t block_bytes = 64 * 1024;

core::Result<std::uint64_t> scan_file(std::string const& path, guard::Guard const& guard, Options const& options,
                                      std::map<std::string, std::uint64_t>& hits) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return core::fail(core::Code::not_found, "there is no such file, or it may not be read", path);
  auto gate = guard.open(guard::Direction::out, {.refusals_are_masks = true});
  std::string block(block_bytes, '\0');
  std::uint64_t bytes = 0;
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    auto const read = static_cast<std::size_t>(in.gcount());
    bytes += read;
    (void)gate.push(std::string_view(block).substr(0, read));
  }
  (void)gate.finish();
  for (auto const& finding : gate.findings()) {
    ++hits[finding.rule];
    if (!options.quiet) fmt::print("{}: {} at characters {} to {}\n", path, finding.rule, finding.start, finding.end);
  }
  return bytes;
}

int run_scan(Options const& options) {
  auto const guard = guard_of(options);
  if (!guard) return complain(guard.error());
  std::map<std::string, std::uint64_t> hits;
  std::uint64_t bytes = 0;
  int failed = 0;
  for (auto const& path : options.files) {
    auto const read = scan_file(path, **guard, options, hits);
    if (!read)
      failed = complain(read.error());
    else
      bytes += *read;
  }
  auto const spent = (*guard)->report().snapshot().flows[guard::Direction::out].spent;
  std::uint64_t all = 0;
  std::string by_rule;
  for (auto const& [rule, count] : hits) {
    all += count;
    by_rule += fmt::format("{}{} {}", by_rule.empty() ? ": " : ", ", rule, count);
  }
  fmt::print("{} findings in {:.2f} MB, {:.0f} MB/s{}\n", all, static_cast<double>(bytes) / 1e6,
             spent.count() == 0 ? 0.0 : static_cast<double>(bytes) * 1e3 / static_cast<double>(spent.count()), by_rule);
  return failed;
}

// ---- delay ------------------------------------------------------------------------------------------------------------------

/// What the gate adds to an answer that comes in pieces: before its first word is out, and to any piece.
struct Delays {
  std::vector<double> first_ms, piece_ms;
  std::size_t held_at_first = 0;  ///< answers whose first piece did not leave at once
};

/// The text as answers of 1000 characters, four a piece as tokens are, each to a prompt of the 2000 characters before it.
core::Result<void> time_pieces(std::string const& path, guard::Guard const& guard, Delays& delays) {
  constexpr std::size_t prompt = 2000, answer = 1000, piece = 4;
  std::ifstream in(path, std::ios::binary);
  if (!in) return core::fail(core::Code::not_found, "there is no such file, or it may not be read", path);
  std::string const bytes{std::istreambuf_iterator<char>(in), {}};
  auto const text = core::decode_utf8(bytes);
  for (std::size_t at = prompt; at + answer <= text.size(); at += answer) {
    auto const asked = core::encode_utf8(std::u32string_view(text).substr(at - prompt, prompt));
    auto const began = core::Clock::now();
    guard::Vault vault;
    (void)guard.check(guard::Direction::in, asked, {.vault = &vault, .refusals_are_masks = true});
    auto gate = guard.open(guard::Direction::out, {.refusals_are_masks = true});
    auto spent = core::Clock::now() - began;
    bool out = false;
    for (std::size_t i = 0; i < answer; i += piece) {
      auto const token = core::encode_utf8(std::u32string_view(text).substr(at + i, piece));
      auto const pushed = core::Clock::now();
      bool const released = !gate.push(token).empty();
      auto const took = core::Clock::now() - pushed;
      delays.piece_ms.push_back(std::chrono::duration<double, std::milli>(took).count());
      if (out) continue;
      spent += took;
      out = released;
      if (i == 0 && !out) ++delays.held_at_first;
      if (out) delays.first_ms.push_back(std::chrono::duration<double, std::milli>(spent).count());
    }
  }
  return {};
}

int run_delay(Options const& options) {
  auto const guard = guard_of(options);
  if (!guard) return complain(guard.error());
  Delays delays;
  for (auto const& path : options.files) {
    if (auto timed = time_pieces(path, **guard, delays); !timed) return complain(timed.error());
  }
  if (delays.first_ms.empty()) return complain({core::Code::invalid, "the files hold too little text", "", {}});
  std::ranges::sort(delays.first_ms);
  std::ranges::sort(delays.piece_ms);
  auto const at = [](std::vector<double> const& sorted, double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  };
  fmt::print(
      "{} answers: to the first word P50 {:.3f} ms, P99 {:.3f} ms (prompt looked through as well); a piece P50 {:.4f} ms, P99 "
      "{:.4f} ms; {} first pieces waited for the next\n",
      delays.first_ms.size(), at(delays.first_ms, 0.5), at(delays.first_ms, 0.99), at(delays.piece_ms, 0.5),
      at(delays.piece_ms, 0.99), delays.held_at_first);
  return 0;
}

// ---- ground -----------------------------------------------------------------------------------------------------------------

core::Result<json> ground(json const& line, guard::OnUnsupported what, guard::Sentences const& unverified) {
  if (!line.is_object() || !line.contains("answer") || !line["answer"].is_string() || !is_list_of_strings(line, "passages")) {
    return core::fail(
        core::Code::invalid,
        "a line holds an object with \"answer\" (a string), \"passages\" and perhaps \"conversation\" (lists of strings)");
  }
  auto const passages = line["passages"].get<std::vector<std::string>>();
  auto const conversation = is_list_of_strings(line, "conversation") ? line["conversation"].get<std::vector<std::string>>()
                                                                     : std::vector<std::string>();
  auto const answer = line["answer"].get<std::string>();
  auto const verdict = guard::ground(answer, passages, conversation);
  json out{{"grounded", verdict.grounded()},
           {"supported_share", verdict.supported_share()},
           {"released", guard::apply(answer, verdict, what, unverified)},
           {"sentences", json::array()}};
  for (auto const& sentence : verdict.sentences) {
    json one{{"start", sentence.start},           {"end", sentence.end},          {"verdict", guard::name(sentence.support)},
             {"similarity", sentence.similarity}, {"unsupported", json::array()}, {"evidence", nullptr}};
    for (auto const& fact : sentence.unsupported) {
      one["unsupported"].push_back({{"kind", fact.kind}, {"start", fact.start}, {"end", fact.end}});
    }
    if (auto const& evidence = sentence.evidence) {
      bool const passage = evidence->source < passages.size();
      one["evidence"] = {{passage ? "passage" : "turn", passage ? evidence->source : evidence->source - passages.size()},
                         {"start", evidence->start},
                         {"end", evidence->end}};
    }
    out["sentences"].push_back(std::move(one));
  }
  return out;
}

int run_ground(Options const& options) {
  auto const policy = policy_of(options);
  if (!policy) return complain(policy.error());
  auto const what = options.on_unsupported == "replace"  ? guard::OnUnsupported::replace
                    : options.on_unsupported == "soften" ? guard::OnUnsupported::soften
                                                         : guard::OnUnsupported::flag;
  return answer_lines(std::cin, std::cout, [&](json const& line) { return ground(line, what, policy->unverified); });
}

}  // namespace

int guard_check(std::istream& in, std::ostream& out, guard::Guard const& guard, guard::Direction direction) {
  return answer_lines(in, out, [&](json const& line) { return check(line, guard, direction); });
}

void add_guard_command(CLI::App& app, int& exit_code) {
  auto const options = std::make_shared<Options>();
  auto* guard = app.add_subcommand("guard", "what the gate finds in a text, and what an answer stands on");
  guard->require_subcommand(1);
  auto const add = [&](char const* name, char const* help, int (*run)(Options const&)) {
    auto* command = guard->add_subcommand(name, help);
    command->add_option("--policy", options->policy, "policy file (default config/guard.yaml)");
    command->callback([options, run, &exit_code] { exit_code = run(*options); });
    return command;
  };
  auto* check = add("check", "JSON lines {\"text\": …} or {\"pieces\": […]} on standard input, one answer a line", run_check);
  check->add_option("--direction", options->direction, "in (to a model), out (from it), context (passages, tool results)")
      ->check(CLI::IsMember({"in", "out", "context"}));
  auto* scan = add("scan", "look through files; prints where something stands, never what", run_scan);
  scan->add_option("files", options->files, "text files")->required();
  scan->add_flag("--quiet", options->quiet, "only the sum");
  auto* delay =
      add("delay", "what the gate adds to answers that come in pieces, with these texts as prompts and answers", run_delay);
  delay->add_option("files", options->files, "text files")->required();
  auto* ground =
      add("ground", "JSON lines {\"answer\": …, \"passages\": […]}: what each sentence of the answer stands on", run_ground);
  ground->add_option("--unsupported", options->on_unsupported, "what is done about sentences without support")
      ->check(CLI::IsMember({"flag", "soften", "replace"}));
}

}  // namespace parley::app
