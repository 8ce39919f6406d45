#include "models/store.hpp"

#include <algorithm>
#include <cstdlib>

#include "models/manifest.hpp"
#include "models/publish.hpp"
#include "models/pull.hpp"

namespace parley::models {
namespace {

namespace fs = std::filesystem;
using core::Code;
using core::fail;

core::Result<std::uint64_t> free_space_of_disk(fs::path const& path) {
  std::error_code failed;
  auto const space = fs::space(path, failed);
  if (failed) return fail(Code::unavailable, "the free space cannot be asked for: " + failed.message(), path.string());
  return space.available;
}

std::string joined(std::vector<std::string> const& phrases) {
  std::string text;
  for (std::size_t i = 0; i < phrases.size() && i < 3; ++i) text += (i ? ", " : "") + phrases[i];
  if (phrases.size() > 3) text += " and " + std::to_string(phrases.size() - 3) + " more";
  return text;
}

std::string pull_command(Model const& model) { return "`parley models pull " + model.id + "`"; }

bool has_files(Model const& model, fs::path const& folder) {
  return std::ranges::all_of(model.files, [&](std::string const& path) {
    std::error_code failed;
    return fs::is_regular_file(folder / path, failed) && fs::file_size(folder / path, failed) > 0;
  });
}

}  // namespace

std::string_view name(State state) noexcept {
  switch (state) {
    case State::absent: return "absent";
    case State::present: return "present";
    case State::damaged: return "damaged";
    case State::outdated: return "outdated";
  }
  return "absent";
}

Store::Store(Catalog catalog, Settings settings)
    : catalog_(std::move(catalog)), settings_(std::move(settings)), hub_(settings_.connect_timeout) {
  if (!settings_.free_space) settings_.free_space = free_space_of_disk;
}

fs::path Store::directory(Model const& model) const { return settings_.home / "models" / model.id; }

State Store::state(Model const& model) const {
  auto const folder = directory(model);
  std::error_code failed;
  if (!fs::exists(folder, failed)) return State::absent;
  auto const read = read_manifest(folder);
  if (!read) return State::damaged;
  auto const& manifest = *read;
  // Files that a person put there by hand are used as they are; `pull` looks at their bytes.
  if (!manifest) return has_files(model, folder) ? State::present : State::damaged;
  auto const wrong = compare(folder, manifest->files, false, {}, model.id);
  if (!wrong || !wrong->empty()) return State::damaged;
  if (manifest->revision != model.revision) return State::outdated;
  return has_files(model, folder) ? State::present : State::damaged;
}

core::Result<fs::path> Store::require(std::string_view id) const {
  auto const model = catalog_.get(id);
  if (!model) return std::unexpected(model.error());
  auto const folder = directory(**model);
  switch (state(**model)) {
    case State::present: return folder;
    case State::absent:
      return fail(Code::not_found, "the model is not on this machine; run " + pull_command(**model), std::string(id));
    case State::damaged:
      return fail(Code::unavailable, "the model's files are damaged; run " + pull_command(**model), folder.string());
    case State::outdated:
      return fail(Code::unavailable, "the model's files are of an older version; run " + pull_command(**model),
                  folder.string());
  }
  return folder;
}

core::Result<void> Store::verify(Model const& model, Watch const& watch) const {
  auto const folder = directory(model);
  if (auto const there = require(model.id); !there) return std::unexpected(there.error());
  auto const read = read_manifest(folder);
  if (!read) return std::unexpected(read.error());
  auto const& manifest = *read;
  if (!manifest) {
    return fail(Code::unavailable,
                "nothing says where these files came from; " + pull_command(model) + " checks or replaces them",
                folder.string());
  }
  auto const wrong = compare(folder, manifest->files, true, watch, model.id);
  if (!wrong) return std::unexpected(wrong.error());
  if (!wrong->empty()) {
    return fail(Code::unavailable, joined(*wrong) + "; run " + pull_command(model) + " to replace the model", folder.string());
  }
  auto const source = std::ranges::find(model.sources, manifest->source, &Source::name);
  if (source == model.sources.end()) return {};
  for (auto const& pin : source->finished()) {
    if (std::ranges::find(manifest->files, pin) == manifest->files.end()) {
      return fail(Code::unavailable, pin.path + " is not what the catalog lists; run " + pull_command(model), folder.string());
    }
  }
  return {};
}

bool Store::adopt(Model const& model, Watch const& watch) const {
  auto const folder = directory(model);
  for (auto const& source : model.sources) {
    auto pins = source.finished();
    bool const complete = std::ranges::all_of(
        model.files, [&](std::string const& path) { return std::ranges::find(pins, path, &Pin::path) != pins.end(); });
    if (!complete) continue;
    if (auto const quick = compare(folder, pins, false, {}, model.id); !quick || !quick->empty()) continue;
    if (auto const wrong = compare(folder, pins, true, watch, model.id); !wrong || !wrong->empty()) continue;
    return write_manifest(folder, {model.id, model.revision, source.name, std::move(pins)}).has_value();
  }
  return false;
}

core::Result<bool> Store::pull(Model const& model, Watch const& watch) {
  auto const folder = directory(model);
  auto const partial = settings_.home / "models" / ".partial";
  std::error_code failed;
  fs::create_directories(partial, failed);
  if (failed) {
    return fail(Code::unavailable,
                "the folder cannot be made: " + failed.message() + "; set PARLEY_HOME to a folder that is yours",
                partial.string());
  }
  auto const lock = Lock::take(partial / (model.id + ".lock"), "pull of " + model.id);
  if (!lock) return std::unexpected(lock.error());
  // Asked for under the lock: whoever had it may just have finished.
  if (auto const manifest = read_manifest(folder); manifest && !*manifest && adopt(model, watch)) return false;
  if (verify(model, watch)) return false;
  if (watch.stop.stop_requested()) return fail(Code::cancelled, "stopped before anything was fetched", model.id);
  Pull work(model, settings_, hub_, partial / model.id, folder, watch);
  if (auto done = work.run(); !done) return std::unexpected(std::move(done.error()));
  return true;
}

fs::path home_directory() {
  if (auto const* home = std::getenv("PARLEY_HOME"); home && *home) return home;
  auto const* user = std::getenv("HOME");
  return fs::path(user && *user ? user : ".") / ".cache" / "parley";
}

core::Result<Store> open_store(fs::path const& share) {
  auto const* named = std::getenv("PARLEY_CATALOG");
  auto const path = named && *named ? fs::path(named) : share / "models" / "catalog.yaml";
  auto catalog = Catalog::load(path);
  if (!catalog) return std::unexpected(std::move(catalog.error()));
  Settings settings;
  settings.home = fs::absolute(home_directory());
  settings.converters = fs::absolute(path).parent_path() / "convert";
  auto const python = settings.home / "venv" / "bin" / "python";
  std::error_code failed;
  settings.clients = {fs::exists(python, failed) ? python : fs::path("python3"), "npm"};
  return Store(std::move(*catalog), std::move(settings));
}

}  // namespace parley::models
