#include "guard/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace parley::guard {
namespace {

constexpr std::size_t most_counters = 4096;  // beyond it clients are counted together

/// As the exposition format wants a label's value.
std::string escaped(std::string_view value) {
  std::string out;
  for (char const c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void Report::count(std::string const& rule, Direction direction, Action action, std::string const& client) {
  std::lock_guard lock(mutex_);
  std::tuple key{rule, direction, action, client};
  if (counted_.hits.size() >= most_counters && !counted_.hits.contains(key)) std::get<3>(key) = "other";
  ++counted_.hits[std::move(key)];
}

void Report::add(Direction direction, Flow const& flow) {
  std::lock_guard lock(mutex_);
  auto& sum = counted_.flows[direction];
  sum.streams += flow.streams;
  sum.streams_hit += flow.streams_hit;
  sum.refused += flow.refused;
  sum.bytes += flow.bytes;
  sum.most_held_bytes = std::max(sum.most_held_bytes, flow.most_held_bytes);
  sum.spent += flow.spent;
  sum.longest_push = std::max(sum.longest_push, flow.longest_push);
}

Report::Snapshot Report::snapshot() const {
  std::lock_guard lock(mutex_);
  return counted_;
}

std::string summary(Report::Snapshot const& snapshot) {
  Report::Flow all;
  for (auto const& [direction, flow] : snapshot.flows) {
    all.streams += flow.streams;
    all.streams_hit += flow.streams_hit;
    all.refused += flow.refused;
    all.spent += flow.spent;
    all.most_held_bytes = std::max(all.most_held_bytes, flow.most_held_bytes);
  }
  std::map<std::string, std::uint64_t> rules;
  for (auto const& [key, count] : snapshot.hits) rules[std::get<0>(key)] += count;
  std::string named;
  for (auto const& [rule, count] : rules) named += fmt::format("{}{} {}", named.empty() ? " (" : ", ", rule, count);
  if (!named.empty()) named += ")";
  auto const each = all.streams == 0 ? 0.0 : static_cast<double>(all.spent.count()) / 1e6 / static_cast<double>(all.streams);
  return fmt::format("{} of {} texts held something{}, {} refused; {:.2f} ms a text, at most {} bytes held", all.streams_hit,
                     all.streams, named, all.refused, each, all.most_held_bytes);
}

std::string prometheus(Report::Snapshot const& snapshot) {
  std::string out;
  auto const line = [&](std::string_view metric, std::string_view labels, double value) {
    fmt::format_to(std::back_inserter(out), "{}{{{}}} {}\n", metric, labels, value);
  };
  auto const head = [&](std::string_view metric, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", metric, type, help);
  };
  auto const flows = [&](std::string_view metric, std::string_view type, std::string_view help, auto value) {
    head(metric, type, help);
    for (auto const& [direction, flow] : snapshot.flows) {
      line(metric, fmt::format("direction=\"{}\"", name(direction)), static_cast<double>(value(flow)));
    }
  };
  head("parley_guard_hits_total", "counter", "Findings of the gate.");
  for (auto const& [key, count] : snapshot.hits) {
    auto const& [rule, direction, action, client] = key;
    line("parley_guard_hits_total",
         fmt::format("rule=\"{}\",direction=\"{}\",action=\"{}\",key=\"{}\"", escaped(rule), name(direction), name(action),
                     escaped(client)),
         static_cast<double>(count));
  }
  flows("parley_guard_streams_total", "counter", "Texts that passed the gate.", [](auto const& f) { return f.streams; });
  flows("parley_guard_streams_hit_total", "counter", "Texts with at least one finding.",
        [](auto const& f) { return f.streams_hit; });
  flows("parley_guard_refused_total", "counter", "Texts that were refused.", [](auto const& f) { return f.refused; });
  flows("parley_guard_bytes_total", "counter", "Bytes that passed the gate.", [](auto const& f) { return f.bytes; });
  flows("parley_guard_held_bytes_max", "gauge", "Most bytes held back at once.",
        [](auto const& f) { return f.most_held_bytes; });
  flows("parley_guard_seconds_total", "counter", "Time spent inside the gate.",
        [](auto const& f) { return static_cast<double>(f.spent.count()) / 1e9; });
  flows("parley_guard_push_seconds_max", "gauge", "Longest time one piece of text took.",
        [](auto const& f) { return static_cast<double>(f.longest_push.count()) / 1e9; });
  return out;
}

}  // namespace parley::guard
