#include "engine/openvino/kokoro_voice.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "core/suggest.hpp"

namespace parley::engine {
namespace {

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

core::Result<VoicePart> parse_part(std::string_view text) {
  auto const star = text.find('*');
  VoicePart part{std::string(trimmed(text.substr(0, star))), 1.0F};
  if (part.name.empty())
    return core::fail(core::Code::invalid, "a voice has no name; write for example zf_xiaoxiao*0.6+zm_yunxi*0.4", "voice");
  if (star == std::string_view::npos) return part;
  auto const weight = trimmed(text.substr(star + 1));
  auto const [end, wrong] = std::from_chars(weight.data(), weight.data() + weight.size(), part.weight);
  if (wrong != std::errc{} || end != weight.data() + weight.size() || !std::isfinite(part.weight) || part.weight <= 0 ||
      part.weight > 1e6F) {
    return core::fail(core::Code::invalid,
                      "the weight \"" + std::string(weight) + "\" of the voice " + part.name +
                          " is not a number above 0; write for example zf_xiaoxiao*0.6",
                      "voice");
  }
  return part;
}

/// "there is no voice zf_xiaoxao; did you mean zf_xiaoxiao? Others: zf_xiaobei, zf_xiaoni, …": the near ones, not all 54.
std::string near_miss(std::string const& name, std::vector<std::string> const& names) {
  auto text = "there is no voice \"" + name + "\"";
  if (auto const near = core::suggest(name, names); !near.empty()) text += "; did you mean " + near + "?";
  constexpr std::size_t most = 8;
  std::size_t count = 0;
  auto const list = [&](std::string_view begin) {
    for (auto const& other : names) {
      if (!other.starts_with(begin) || count == most) continue;
      text += (count++ == 0 ? " There are " : ", ") + other;
    }
  };
  list(std::string_view(name).substr(0, 2));  // the language and the sex: "zf_"
  if (count == 0) list("");
  return text;
}

core::Result<std::vector<float>> read_table(std::filesystem::path const& file) {
  std::vector<float> values(KokoroStyle::rows * KokoroStyle::width);
  std::error_code wrong;
  auto const bytes = std::filesystem::file_size(file, wrong);
  std::ifstream stream(file, std::ios::binary);
  if (!wrong && bytes == values.size() * sizeof(float) &&
      stream.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(bytes)) &&
      std::ranges::all_of(values, [](float v) { return std::isfinite(v); })) {
    return values;
  }
  return core::fail(core::Code::invalid, "this is not a voice of Kokoro; run `parley models verify`", file.string());
}

}  // namespace

core::Result<std::vector<VoicePart>> parse_voice(std::string_view text) {
  std::map<std::string, double> weights;
  double sum = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    auto const end = std::min(text.find('+', begin), text.size());
    auto part = parse_part(text.substr(begin, end - begin));
    if (!part) return std::unexpected(part.error());
    weights[part->name] += static_cast<double>(part->weight);
    sum += static_cast<double>(part->weight);
    begin = end + 1;
  }
  std::vector<VoicePart> parts;
  for (auto const& [name, weight] : weights) parts.push_back({name, static_cast<float>(weight / sum)});
  return parts;
}

std::string spell(std::span<VoicePart const> parts) {
  if (parts.size() == 1) return parts.front().name;
  std::string text;
  for (auto const& part : parts) {
    if (!text.empty()) text += '+';
    text += fmt::format("{}*{:.3f}", part.name, part.weight);
  }
  return text;
}

std::span<float const, KokoroStyle::width> KokoroStyle::of(std::size_t symbols) const noexcept {
  auto const row = std::clamp<std::size_t>(symbols, 1, rows) - 1;
  return std::span<float const, width>(values_.data() + row * width, width);
}

core::Result<KokoroVoices> KokoroVoices::read(std::filesystem::path const& directory) {
  KokoroVoices voices;
  std::error_code wrong;
  for (auto const& entry : std::filesystem::directory_iterator(directory, wrong)) {
    if (entry.path().extension() != ".bin") continue;
    auto table = read_table(entry.path());
    if (!table) return std::unexpected(table.error());
    voices.tables_.emplace(entry.path().stem().string(), std::move(*table));
  }
  if (voices.tables_.empty()) {
    return core::fail(core::Code::not_found, "there are no voices here; run `parley models pull`", directory.string());
  }
  return voices;
}

std::vector<std::string> KokoroVoices::names() const {
  std::vector<std::string> names;
  for (auto const& [name, table] : tables_) names.push_back(name);
  return names;
}

core::Result<std::vector<VoicePart>> KokoroVoices::find(std::string_view text) const {
  auto parts = parse_voice(text);
  if (!parts) return parts;
  for (auto const& part : *parts) {
    if (tables_.contains(part.name)) continue;
    return core::fail(core::Code::not_found, near_miss(part.name, names()), "voice");
  }
  return parts;
}

KokoroStyle KokoroVoices::mix(std::span<VoicePart const> parts) const {
  std::vector<float> sum(KokoroStyle::rows * KokoroStyle::width, 0.0F);
  for (auto const& part : parts) {
    auto const& table = tables_.find(part.name)->second;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part.weight * table[i];
  }
  return KokoroStyle(std::move(sum));
}

}  // namespace parley::engine
