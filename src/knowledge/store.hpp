#pragma once
// A knowledge base: documents, their chunks, the words and the vectors of these, in one SQLite file.
//
// A document goes in and out in one transaction: after a crash, or `kill -9`, it is there whole or not at all. The file is in
// WAL mode, so a program may search it while another adds to it. It remembers which embedder made its vectors and refuses
// another, because their vectors cannot be compared.
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "knowledge/word_ranking.hpp"
#include "language/embedder.hpp"

namespace parley::knowledge {

struct StoredChunk {
  std::string text;
  std::size_t begin = 0;  ///< code points of the document's text
  std::size_t end = 0;
  int page = 0;  ///< from 1; 0 where there are no pages
};

struct Document {
  std::string path;    ///< where it came from; unique in the base
  std::string digest;  ///< SHA-256 of the file and of how it was cut: what decides whether it has to be read again
  std::string title;
};

struct DocumentInfo {
  std::int64_t id = 0;
  std::string path, digest, title;
  std::size_t chunks = 0;
};

/// A chunk as search finds it.
struct FoundChunk {
  std::int64_t id = 0;
  std::int64_t document = 0;
  std::string path, title;
  std::size_t ordinal = 0;  ///< from 0 in its document
  StoredChunk chunk;
};

/// Which documents may be found.
struct Filter {
  std::string path_prefix;  ///< empty: all
};

/// Thread-safe: one at a time inside.
class Store {
 public:
  /// Opens or makes the file. `embedder` and `dimensions` are the vectors': conflict when the base has those of another.
  [[nodiscard]] static core::Result<std::unique_ptr<Store>> open(std::filesystem::path const& file, std::string const& embedder,
                                                                 std::size_t dimensions);
  /// As it is, with its own embedder's identity; not_found when there is no such file. For reading lists and removing.
  [[nodiscard]] static core::Result<std::unique_ptr<Store>> open_existing(std::filesystem::path const& file);
  ~Store();

  [[nodiscard]] std::string const& embedder() const noexcept;

  /// Puts the document in the place of the one with its path. `vectors`: one a chunk.
  [[nodiscard]] core::Result<void> put(Document const& document, std::span<StoredChunk const> chunks,
                                       std::span<language::Vector const> vectors);
  /// False: there was none. What is deleted is overwritten in the file.
  [[nodiscard]] core::Result<bool> remove(std::string const& path);

  [[nodiscard]] core::Result<std::vector<DocumentInfo>> documents() const;
  [[nodiscard]] core::Result<std::optional<DocumentInfo>> document(std::string const& path) const;

  /// The nearest by meaning and the best by words, best first.
  [[nodiscard]] core::Result<std::vector<Ranked>> by_vector(language::Vector const& query, std::size_t count,
                                                            Filter const& filter) const;
  [[nodiscard]] core::Result<std::vector<Ranked>> by_words(std::string const& question, std::size_t count,
                                                           Filter const& filter) const;
  /// As by_vector of all documents, but by reading every vector in the file: what by_vector is measured against.
  [[nodiscard]] core::Result<std::vector<Ranked>> by_vector_exactly(language::Vector const& query, std::size_t count) const;
  [[nodiscard]] core::Result<std::vector<FoundChunk>> chunks(std::span<std::int64_t const> ids) const;  ///< in their order
  /// The cosine of each chunk with the query, in their order.
  [[nodiscard]] core::Result<std::vector<double>> cosines(language::Vector const& query,
                                                          std::span<std::int64_t const> ids) const;

  /// Whether every table and index fits the others; for `parley doctor` and the tests. invalid says what is wrong.
  [[nodiscard]] core::Result<void> check() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace parley::knowledge
