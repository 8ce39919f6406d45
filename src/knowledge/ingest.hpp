#pragma once
// Files into a knowledge base: read, cut, embed, store. One document is one transaction, and one whose digest has not changed
// is left alone, so an interrupted run is gone on with by running it again.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "knowledge/split_rules.hpp"
#include "knowledge/store.hpp"

namespace parley::knowledge {

enum class Fate : std::uint8_t { added, updated, unchanged, failed };

struct FileReport {
  std::string path;
  Fate fate = Fate::added;
  std::size_t chunks = 0;
  std::string reason;  ///< why it failed
};

struct IngestOptions {
  std::string preset;  ///< for splitting; empty: Markdown for what has headings, else by the language
  core::Urgency urgency = core::Urgency::background;
};

struct IngestProgress {
  std::size_t done = 0, files = 0;       ///< files
  std::size_t embedded = 0, chunks = 0;  ///< of the present one
  std::string path;
};

struct IngestWatch {
  std::function<void(IngestProgress const&)> progress;  ///< may be empty
  std::stop_token stop{};
};

/// Files as they are and readable files in folders, sorted, each once. not_found: one does not exist.
[[nodiscard]] core::Result<std::vector<std::filesystem::path>> files_in(std::vector<std::filesystem::path> const& paths);

/// One report a file. A file that cannot be read is `failed` and the rest goes on; an error is the base's or the embedder's,
/// or cancelled.
[[nodiscard]] core::Result<std::vector<FileReport>> ingest(Store& store, language::Embedder& embedder,
                                                           std::vector<std::filesystem::path> const& files,
                                                           IngestOptions const& options, IngestWatch const& watch);

/// A text that is in no file, under the name `path`.
[[nodiscard]] core::Result<FileReport> ingest_text(Store& store, language::Embedder& embedder, std::string const& path,
                                                   std::string const& title, std::string const& text,
                                                   IngestOptions const& options, std::stop_token stop = {});

}  // namespace parley::knowledge
