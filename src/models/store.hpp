#pragma once
// The models on this machine: $PARLEY_HOME/models/<id>/, each with a manifest.json. Pulling works beside them, in
// models/.partial/<id>/, which is kept after a failure so that the next pull goes on from there.
#include <chrono>
#include <filesystem>
#include <functional>

#include "core/result.hpp"
#include "models/catalog.hpp"
#include "models/hub.hpp"
#include "models/progress.hpp"
#include "models/registry.hpp"

namespace parley::models {

enum class State : std::uint8_t {
  absent,
  present,
  damaged,   // a file is missing or has another length
  outdated,  // whole, but of an earlier revision of the catalog
};
[[nodiscard]] std::string_view name(State state) noexcept;

struct Settings {
  std::filesystem::path home;        ///< PARLEY_HOME
  std::filesystem::path converters;  ///< folder of the conversion scripts
  Clients clients;                   ///< also runs the scripts
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  /// Free bytes on the disk that holds the path.
  std::function<core::Result<std::uint64_t>(std::filesystem::path const&)> free_space;
};

/// Not thread-safe; two stores, in one process or two, may work on the same home.
class Store {
 public:
  Store(Catalog catalog, Settings settings);

  [[nodiscard]] Catalog const& catalog() const noexcept { return catalog_; }
  [[nodiscard]] std::filesystem::path directory(Model const& model) const;

  /// By presence and sizes only: quick enough for a start.
  [[nodiscard]] State state(Model const& model) const;

  /// The folder of a model that is ready for use; else an error (not_found, unavailable) that says which command helps.
  [[nodiscard]] core::Result<std::filesystem::path> require(std::string_view id) const;

  /// Makes the model present and whole: what is there and has the right hashes is left alone, everything else is fetched
  /// anew. Returns true when something was fetched. On any error what was there before is untouched.
  [[nodiscard]] core::Result<bool> pull(Model const& model, Watch const& watch = {});

  /// Reads every byte: against the manifest, and the manifest against the catalog.
  [[nodiscard]] core::Result<void> verify(Model const& model, Watch const& watch = {}) const;

 private:
  [[nodiscard]] bool adopt(Model const& model, Watch const& watch) const;

  Catalog catalog_;
  Settings settings_;
  Hub hub_;
};

/// $PARLEY_HOME, else ~/.cache/parley.
[[nodiscard]] std::filesystem::path home_directory();

/// The store of this machine: home_directory(), the catalog named by $PARLEY_CATALOG or else share/models/catalog.yaml, the
/// converters beside the catalog, Python from the home's venv.
[[nodiscard]] core::Result<Store> open_store(std::filesystem::path const& share);

}  // namespace parley::models
