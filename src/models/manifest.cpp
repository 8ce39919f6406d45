#include "models/manifest.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/sha256.hpp"
#include "models/catalog_reader.hpp"

namespace parley::models {
namespace {

namespace fs = std::filesystem;
using core::Code;
using core::fail;

constexpr auto file_name = "manifest.json";

core::Result<std::string> hash(fs::path const& path, Watch const& watch, Progress now) {
  auto const before = now.done;
  return core::sha256_of_file(path, [&](std::size_t done) {
    now.done = before + done;
    watch.tell(now);
  });
}

std::uint64_t total_of(std::vector<Pin> const& pins) {
  std::uint64_t total = 0;
  for (auto const& pin : pins) total += pin.size;
  return total;
}

}  // namespace

core::Result<std::optional<Manifest>> read_manifest(fs::path const& folder) {
  auto const path = folder / file_name;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  auto const json = nlohmann::json::parse(file, nullptr, false);
  try {
    Manifest manifest{json.at("id"), json.at("revision"), json.at("source"), {}};
    for (auto const& entry : json.at("files")) {
      manifest.files.push_back({entry.at("path"), entry.at("size"), entry.at("sha256")});
      if (!is_safe_path(manifest.files.back().path))
        return fail(Code::invalid, "the manifest names a file outside", path.string());
    }
    return manifest;
  } catch (nlohmann::json::exception const&) {
    return fail(Code::invalid, "the manifest is damaged", path.string());
  }
}

core::Result<void> write_manifest(fs::path const& folder, Manifest const& manifest) {
  nlohmann::ordered_json json{{"id", manifest.id}, {"revision", manifest.revision}, {"source", manifest.source}};
  json["files"] = nlohmann::ordered_json::array();
  for (auto const& pin : manifest.files) {
    json["files"].push_back({{"path", pin.path}, {"size", pin.size}, {"sha256", pin.sha256}});
  }
  auto const path = folder / file_name;
  auto const part = folder / "manifest.json.part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << json.dump(1) << '\n';
  out.close();
  std::error_code failed;
  if (out) fs::rename(part, path, failed);
  if (!out || failed) return fail(Code::unavailable, "the manifest cannot be written; is the disk full?", path.string());
  return {};
}

core::Result<std::vector<Pin>> hash_folder(fs::path const& folder, Watch const& watch, std::string_view model) {
  std::vector<Pin> pins;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (!entry->is_regular_file() || entry->path() == folder / file_name) continue;
    pins.push_back({entry->path().lexically_relative(folder).generic_string(), entry->file_size(), {}});
  }
  if (failed) return fail(Code::unavailable, "the folder cannot be read: " + failed.message(), folder.string());
  std::ranges::sort(pins, {}, &Pin::path);
  Progress now{model, "verify", {}, 0, total_of(pins)};
  for (auto& pin : pins) {
    if (watch.stop.stop_requested()) return fail(Code::cancelled, "stopped", folder.string());
    now.what = pin.path;
    auto sum = hash(folder / pin.path, watch, now);
    if (!sum) return std::unexpected(std::move(sum.error()));
    pin.sha256 = std::move(*sum);
    now.done += pin.size;
  }
  return pins;
}

core::Result<std::vector<std::string>> compare(fs::path const& folder, std::vector<Pin> const& pins, bool full,
                                               Watch const& watch, std::string_view model) {
  std::vector<std::string> wrong;
  Progress now{model, "verify", {}, 0, total_of(pins)};
  for (auto const& pin : pins) {
    if (watch.stop.stop_requested()) return fail(Code::cancelled, "stopped", folder.string());
    std::error_code failed;
    auto const size = fs::file_size(folder / pin.path, failed);
    now.what = pin.path;
    if (failed) {
      wrong.push_back(pin.path + " is missing");
    } else if (size != pin.size) {
      wrong.push_back(pin.path + " has " + std::to_string(size) + " bytes instead of " + std::to_string(pin.size));
    } else if (full) {
      auto const sum = hash(folder / pin.path, watch, now);
      if (!sum) return std::unexpected(sum.error());
      if (*sum != pin.sha256) wrong.push_back(pin.path + " has changed (its SHA-256 is " + sum->substr(0, 12) + "…)");
    }
    now.done += pin.size;
  }
  return wrong;
}

}  // namespace parley::models
