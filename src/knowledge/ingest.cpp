#include "knowledge/ingest.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "core/sha256.hpp"
#include "core/utf8.hpp"
#include "knowledge/reader.hpp"
#include "knowledge/splitter.hpp"
#include "knowledge/utf8_bytes.hpp"

namespace parley::knowledge {
namespace {

using core::Code;
using core::Result;
namespace fs = std::filesystem;

constexpr std::size_t texts_at_once = 32;
constexpr std::string_view cut_version = "/1";  // raised when the same file would be cut otherwise

std::string preset_for(ReadDocument const& document, IngestOptions const& options) {
  if (!options.preset.empty()) return options.preset;
  std::size_t han = 0;
  std::size_t points = 0;
  for (auto const& page : document.pages) {
    for (char32_t const c : core::decode_utf8(page)) {
      han += core::is_han(c) ? 1 : 0;
      ++points;
    }
  }
  bool const chinese = han * 5 > points;
  if (document.preset.empty()) return chinese ? "zh" : "en";
  return document.preset;
}

Result<Splitter> splitter_for(ReadDocument const& document, IngestOptions const& options) {
  auto rules = split_preset(preset_for(document, options));
  if (!rules) return std::unexpected(rules.error());
  if (rules->size > 1000) {  // LangChain's presets are for models with long memories
    rules->size = 800;
    rules->overlap = 80;
  }
  return Splitter::make(std::move(*rules));
}

/// Offsets go on from page to page, as if a form feed stood between them.
Result<std::vector<StoredChunk>> cut(ReadDocument const& document, IngestOptions const& options) {
  auto const splitter = splitter_for(document, options);
  if (!splitter) return std::unexpected(splitter.error());
  std::vector<StoredChunk> chunks;
  std::size_t before = 0;
  for (std::size_t page = 0; page < document.pages.size(); ++page) {
    auto parts = splitter->split(document.pages[page]);
    if (!parts) return std::unexpected(parts.error());
    for (auto& part : *parts) {
      chunks.push_back(
          {std::move(part.text), before + part.begin, before + part.end, document.paged ? static_cast<int>(page + 1) : 0});
    }
    before += core::count_code_points(document.pages[page]) + 1;
  }
  return chunks;
}

Result<FileReport> put(Store& store, language::Embedder& embedder, Document const& document, ReadDocument const& read,
                       IngestOptions const& options, std::function<void(std::size_t, std::size_t)> const& progress,
                       std::stop_token const& stop) {
  auto const chunks = cut(read, options);
  if (!chunks) return std::unexpected(chunks.error());
  std::vector<language::Vector> vectors;
  for (std::size_t at = 0; at < chunks->size(); at += texts_at_once) {
    if (stop.stop_requested()) return core::fail(Code::cancelled, "stopped; run it again to go on");
    if (progress) progress(at, chunks->size());
    std::vector<std::string> texts;
    for (auto const& chunk : std::span(*chunks).subspan(at, std::min(texts_at_once, chunks->size() - at))) {
      texts.push_back(document.title + "\n" + chunk.text);  // a chunk out of its document often does not say what it is about
    }
    auto some = language::embed_now(embedder, std::move(texts), language::Purpose::passage, options.urgency);
    if (!some) return std::unexpected(some.error());
    std::ranges::move(*some, std::back_inserter(vectors));
  }
  FileReport report{document.path, Fate::added, chunks->size(), {}};
  auto const known = store.document(document.path);
  if (!known) return std::unexpected(known.error());
  if (*known) report.fate = Fate::updated;
  if (auto done = store.put(document, *chunks, vectors); !done) return std::unexpected(done.error());
  return report;
}

/// What a person may mend in the file; all else ends the run.
bool is_about_the_file(core::Error const& error) {
  return error.code == Code::invalid || error.code == Code::too_large || error.code == Code::not_found;
}

}  // namespace

Result<std::vector<fs::path>> files_in(std::vector<fs::path> const& paths) {
  std::set<fs::path> files;
  for (auto const& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      for (auto const& entry : fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error)) {
        std::error_code ignored;
        if (entry.is_regular_file(ignored) && is_readable(entry.path()))
          files.insert(fs::absolute(entry.path()).lexically_normal());
      }
    } else if (fs::exists(path, error)) {
      files.insert(fs::absolute(path).lexically_normal());
    } else {
      return core::fail(Code::not_found, "there is no such file or folder", path.string());
    }
  }
  return std::vector<fs::path>(files.begin(), files.end());
}

Result<std::vector<FileReport>> ingest(Store& store, language::Embedder& embedder, std::vector<fs::path> const& files,
                                       IngestOptions const& options, IngestWatch const& watch) {
  std::vector<FileReport> reports;
  for (auto const& file : files) {
    if (watch.stop.stop_requested()) return core::fail(Code::cancelled, "stopped; run it again to go on");
    IngestProgress progress{reports.size(), files.size(), 0, 0, file.string()};
    auto const tell = [&](std::size_t embedded, std::size_t chunks) {
      progress.embedded = embedded;
      progress.chunks = chunks;
      if (watch.progress) watch.progress(progress);
    };
    tell(0, 0);
    auto const fail_with = [&](core::Error const& error) {
      reports.push_back({file.string(), Fate::failed, 0, error.message});
    };
    auto const bytes = core::sha256_of_file(file);
    if (!bytes) {
      fail_with(bytes.error());
      continue;
    }
    std::string const digest = *bytes + std::string(cut_version) + options.preset;
    auto const known = store.document(file.string());
    if (!known) return std::unexpected(known.error());
    if (*known && (*known)->digest == digest) {
      reports.push_back({file.string(), Fate::unchanged, (*known)->chunks, {}});
      continue;
    }
    auto const read = read_document(file, watch.stop);
    if (!read) {
      if (read.error().code == Code::cancelled) return std::unexpected(read.error());
      fail_with(read.error());
      continue;
    }
    auto report = put(store, embedder, {file.string(), digest, read->title}, *read, options, tell, watch.stop);
    if (report) {
      reports.push_back(std::move(*report));
    } else if (is_about_the_file(report.error())) {
      fail_with(report.error());
    } else {
      return std::unexpected(report.error());
    }
  }
  return reports;
}

Result<FileReport> ingest_text(Store& store, language::Embedder& embedder, std::string const& path, std::string const& title,
                               std::string const& text, IngestOptions const& options, std::stop_token stop) {
  if (path.empty()) return core::fail(Code::invalid, "the document needs a name", "path");
  if (!core::is_valid_utf8(text)) return core::fail(Code::invalid, "the text is not UTF-8", "text");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return core::fail(Code::invalid, "the text is empty", "text");
  std::string const digest = core::sha256_of(text) + std::string(cut_version) + options.preset;
  auto const known = store.document(path);
  if (!known) return std::unexpected(known.error());
  if (*known && (*known)->digest == digest) return FileReport{path, Fate::unchanged, (*known)->chunks, {}};
  ReadDocument read;
  read.title = title.empty() ? fs::path(path).stem().string() : title;
  read.pages = {text};
  return put(store, embedder, {path, digest, read.title}, read, options, {}, stop);
}

}  // namespace parley::knowledge
