#include "measure/turn.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

namespace parley::measure {
namespace {

constexpr std::array<std::string_view, stamp_count> names{"last_voice",  "pause_seen",   "final_transcript", "commitment",
                                                          "first_token", "first_sample", "first_byte"};

double ms(core::Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// A turn that began with no voice (typed, or committed by hand) counts from the first thing that is known of it.
std::optional<core::Instant> origin(Turn const& turn) {
  if (auto const voice = turn.at(Stamp::last_voice)) return voice;
  std::optional<core::Instant> first;
  for (auto const& stamp : turn.stamps) {
    if (stamp && (!first || *stamp < *first)) first = stamp;
  }
  return first;
}

/// What lies between two stamps, as a person would say it. The stages of a speculation overlap, and the picture shows it.
struct Stage {
  std::string_view name;
  std::array<std::optional<Stamp>, 2> from;  ///< it begins with the later one of those that are there
  Stamp to;
};
constexpr std::array<Stage, stamp_count - 1> stages{{
    {"pause", {Stamp::last_voice, std::nullopt}, Stamp::pause_seen},
    {"transcript", {Stamp::pause_seen, std::nullopt}, Stamp::final_transcript},
    {"end of turn", {Stamp::pause_seen, std::nullopt}, Stamp::commitment},
    {"first token", {Stamp::final_transcript, std::nullopt}, Stamp::first_token},
    {"first sample", {Stamp::first_token, std::nullopt}, Stamp::first_sample},
    {"handed over", {Stamp::first_sample, Stamp::commitment}, Stamp::first_byte},
}};

std::string padded(std::string text, std::size_t width, bool right) {
  if (text.size() < width) text.insert(right ? 0 : text.size(), width - text.size(), ' ');
  return text;
}

}  // namespace

std::string_view name(Stamp stamp) noexcept { return names[static_cast<std::size_t>(stamp)]; }

std::optional<core::Duration> Turn::wait() const {
  auto const from = at(Stamp::last_voice);
  auto const to = at(Stamp::first_byte);
  if (!from || !to) return std::nullopt;
  return *to - *from;
}

std::string to_json(Turn const& turn) {
  auto const round = [](double value) { return std::round(value * 10) / 10; };
  nlohmann::ordered_json out;
  out["user_item"] = turn.user_item;
  out["reply_item"] = turn.reply_item;
  auto const from = origin(turn);
  for (std::size_t i = 0; i < turn.stamps.size(); ++i) {
    auto const& stamp = turn.stamps[i];
    auto& slot = out[std::string(names[i]) + "_ms"];
    if (stamp && from) slot = round(ms(*stamp - *from));
  }
  auto const wait = turn.wait();
  auto& slot = out["wait_ms"];
  if (wait) slot = round(ms(*wait));
  out["work"] = {{"transcripts", turn.work.transcripts},
                 {"transcripts_wasted", turn.work.transcripts_wasted},
                 {"answers", turn.work.answers},
                 {"answers_wasted", turn.work.answers_wasted}};
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string waterfall(Turn const& turn, int width) {
  constexpr std::size_t name_width = 13, ms_width = 9;
  auto const from = origin(turn);
  if (!from) return "nothing was measured\n";
  auto last = *from;
  for (auto const& stamp : turn.stamps) last = std::max(last, stamp.value_or(*from));
  auto const columns = std::max(10, width - static_cast<int>(name_width + ms_width));
  auto const scale = last > *from ? columns / ms(last - *from) : 0.0;
  auto const column = [&](core::Instant at) {
    return std::clamp(static_cast<int>(std::lround(ms(at - *from) * scale)), 0, columns);
  };

  std::string out;
  auto const line = [&](std::string_view title, core::Instant begin, core::Instant end, std::string_view block) {
    int const first = std::min(column(begin), columns - 1);
    int const beyond = std::max(first + 1, column(end));
    std::string bar(static_cast<std::size_t>(first), ' ');
    for (int i = first; i < beyond; ++i) bar += block;
    bar.append(static_cast<std::size_t>(columns - beyond), ' ');
    auto const length = std::to_string(std::lround(ms(end - begin))) + " ms";
    out += padded(std::string(title), name_width, false) + bar + padded(length, ms_width, true) + "\n";
  };
  for (auto const& stage : stages) {
    auto const end = turn.at(stage.to);
    if (!end) continue;
    auto begin = *from;
    for (auto const& stamp : stage.from) {
      if (stamp) begin = std::max(begin, turn.at(*stamp).value_or(*from));
    }
    line(stage.name, std::min(begin, *end), *end, "█");
  }
  if (auto const heard = turn.at(Stamp::first_byte)) line("all", *from, *heard, "─");
  return out;
}

}  // namespace parley::measure
