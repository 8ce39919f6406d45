#include "knowledge/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <numeric>
#include <unordered_set>

#include "knowledge/database.hpp"
#include "knowledge/vector_scan.hpp"
#include "knowledge/words.hpp"

namespace parley::knowledge {
namespace {

using core::Code;
using core::Result;
using language::Vector;

constexpr int format = 1;
constexpr char const* schema = R"(
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, title TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL, page INTEGER NOT NULL, begins INTEGER NOT NULL, ends INTEGER NOT NULL, text TEXT NOT NULL,
  UNIQUE (document, ordinal));
CREATE TABLE IF NOT EXISTS vectors (chunk INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE, vector BLOB NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(body, tokenize = 'porter unicode61 remove_diacritics 2');
)";
constexpr char const* settings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
    "PRAGMA mmap_size = 2147418112;";  // as much as SQLite takes

std::span<std::byte const> bytes_of(Vector const& vector) { return std::as_bytes(std::span(vector)); }

Vector vector_of(std::span<std::byte const> bytes) {
  Vector vector(bytes.size() / sizeof(float));
  std::memcpy(vector.data(), bytes.data(), vector.size() * sizeof(float));
  return vector;
}

double dot(Vector const& a, Vector const& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(), [](float x, float y) { return double{x} * y; });
}

Result<std::string> meta(Database const& database, std::string_view key) {
  auto statement = database.prepare("SELECT value FROM meta WHERE key = ?");
  auto const row = statement.bind(key).step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement.text(0) : std::string();
}

Result<void> set_meta(Database const& database, std::string_view key, std::string_view value) {
  return database.prepare("INSERT INTO meta VALUES (?, ?)").bind(key).bind(value).run();
}

}  // namespace

struct Store::State {
  explicit State(Database opened) : database(std::move(opened)) {}

  Database database;
  std::string embedder;
  mutable std::mutex mutex;
  mutable VectorScan scan{1};
  mutable WordRanking ranking;
  mutable std::int64_t seen_version = -1;  // of the file, as this connection saw it last

  /// Vectors that another program has put in or taken out since. Under the lock.
  Result<void> refresh() const {
    auto version = database.prepare("PRAGMA data_version");
    if (auto const row = version.step(); !row) return std::unexpected(row.error());
    auto const now = version.integer(0);
    if (now == seen_version) return {};
    std::unordered_set<std::int64_t> gone(scan.ids().begin(), scan.ids().end());
    std::vector<std::int64_t> fresh;
    {
      auto ids = database.prepare("SELECT id FROM words_docsize");  // one for each chunk, and the least to read
      for (;;) {
        auto const row = ids.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        if (gone.erase(ids.integer(0)) == 0) fresh.push_back(ids.integer(0));
      }
    }
    ranking.forget();
    for (auto const id : gone) scan.remove(id);
    if (fresh.size() > 1000) {  // the first time, mostly: in one walk
      auto all = database.prepare("SELECT chunk, vector FROM vectors");
      for (;;) {
        auto const row = all.step();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        if (!scan.contains(all.integer(0))) scan.put(all.integer(0), vector_of(all.blob(1)));
      }
    } else {
      for (auto const id : fresh) {
        auto one = database.prepare("SELECT vector FROM vectors WHERE chunk = ?");
        auto const row = one.bind(id).step();
        if (!row) return std::unexpected(row.error());
        if (*row) scan.put(id, vector_of(one.blob(0)));
      }
    }
    seen_version = now;
    return {};
  }

  /// The chunks of the document, out of all tables. Inside a transaction. Gives their ids.
  Result<std::vector<std::int64_t>> erase(std::string const& path) const {
    std::vector<std::int64_t> ids;
    auto found = database.prepare(
        "SELECT chunks.id FROM chunks JOIN documents ON documents.id = chunks.document WHERE documents.path = ?");
    found.bind(path);
    for (;;) {
      auto const row = found.step();
      if (!row) return std::unexpected(row.error());
      if (!*row) break;
      ids.push_back(found.integer(0));
    }
    for (auto const id : ids) {
      if (auto done = database.prepare("DELETE FROM words WHERE rowid = ?").bind(id).run(); !done) {
        return std::unexpected(done.error());
      }
    }
    if (auto done = database.prepare("DELETE FROM documents WHERE path = ?").bind(path).run(); !done) {
      return std::unexpected(done.error());
    }
    return ids;
  }

  Result<std::unordered_set<std::int64_t>> admitted(Filter const& filter) const {
    std::unordered_set<std::int64_t> ids;
    auto statement = database.prepare(
        "SELECT chunks.id FROM chunks JOIN documents ON documents.id = chunks.document WHERE substr(path, 1, length(?1)) = ?1");
    statement.bind(filter.path_prefix);
    for (;;) {
      auto const row = statement.step();
      if (!row) return std::unexpected(row.error());
      if (!*row) return ids;
      ids.insert(statement.integer(0));
    }
  }
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

std::string const& Store::embedder() const noexcept { return state_->embedder; }

Result<std::unique_ptr<Store>> Store::open(std::filesystem::path const& file, std::string const& embedder,
                                           std::size_t dimensions) {
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  auto database = Database::open(file, true);
  if (!database) return std::unexpected(database.error());
  auto state = std::make_unique<State>(std::move(*database));
  if (auto done = state->database.execute(settings); !done) return std::unexpected(done.error());
  if (auto done = state->database.define_hits(); !done) return std::unexpected(done.error());
  {
    auto transaction = Transaction::begin(state->database);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto done = state->database.execute(schema); !done) return std::unexpected(done.error());
    auto const version = meta(state->database, "format");
    if (!version) return std::unexpected(version.error());
    if (version->empty()) {
      for (auto const& [key, value] : {std::pair<std::string_view, std::string>{"format", std::to_string(format)},
                                       {"embedder", embedder},
                                       {"dimensions", std::to_string(dimensions)}}) {
        if (auto done = set_meta(state->database, key, value); !done) return std::unexpected(done.error());
      }
    } else if (*version != std::to_string(format)) {
      return core::fail(Code::conflict,
                        fmt::format("the knowledge base has format {}, this program knows {}", *version, format),
                        file.string());
    }
    auto const known = meta(state->database, "embedder");
    if (!known) return std::unexpected(known.error());
    if (*known != embedder) {
      return core::fail(Code::conflict,
                        fmt::format("its vectors were made by {} and cannot be compared with those of {}; use that embedder or "
                                    "build the knowledge base anew",
                                    *known, embedder),
                        file.string());
    }
    if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
  }
  state->embedder = embedder;
  state->scan = VectorScan(dimensions);
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

Result<std::unique_ptr<Store>> Store::open_existing(std::filesystem::path const& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return core::fail(Code::not_found, "there is no such knowledge base; make it with `parley knowledge add`", file.string());
  }
  std::string embedder;
  std::string dimensions;
  {
    auto database = Database::open(file, false);
    if (!database) return std::unexpected(database.error());
    for (auto const& [key, out] : {std::pair{"embedder", &embedder}, std::pair{"dimensions", &dimensions}}) {
      auto value = meta(*database, key);
      if (!value) return std::unexpected(value.error());
      *out = *value;
    }
  }
  return open(file, embedder, dimensions.empty() ? 1 : static_cast<std::size_t>(std::atol(dimensions.c_str())));
}

Result<void> Store::put(Document const& document, std::span<StoredChunk const> chunks, std::span<Vector const> vectors) {
  if (chunks.size() != vectors.size()) return core::fail(Code::internal, "there must be one vector for each chunk");
  std::vector<std::string> words;  // made before the lock is taken
  for (auto const& chunk : chunks) words.push_back(index_words(document.title + "\n" + chunk.text));
  std::lock_guard const lock(state_->mutex);
  auto const& database = state_->database;
  auto transaction = Transaction::begin(database);
  if (!transaction) return std::unexpected(transaction.error());
  auto const erased = state_->erase(document.path);
  if (!erased) return std::unexpected(erased.error());
  auto done = database.prepare("INSERT INTO documents (path, digest, title) VALUES (?, ?, ?)")
                  .bind(document.path)
                  .bind(document.digest)
                  .bind(document.title)
                  .run();
  if (!done) return done;
  auto const id = database.last_id();
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    auto const& chunk = chunks[i];
    done = database.prepare("INSERT INTO chunks (document, ordinal, page, begins, ends, text) VALUES (?, ?, ?, ?, ?, ?)")
               .bind(id)
               .bind(static_cast<std::int64_t>(i))
               .bind(std::int64_t{chunk.page})
               .bind(static_cast<std::int64_t>(chunk.begin))
               .bind(static_cast<std::int64_t>(chunk.end))
               .bind(chunk.text)
               .run();
    if (!done) return done;
    ids.push_back(database.last_id());
    done = database.prepare("INSERT INTO words (rowid, body) VALUES (?, ?)").bind(ids.back()).bind(words[i]).run();
    if (!done) return done;
    done = database.prepare("INSERT INTO vectors VALUES (?, ?)").bind(ids.back()).bind(bytes_of(vectors[i])).run();
    if (!done) return done;
  }
  if (done = transaction->commit(); !done) return done;
  for (auto const gone : *erased) state_->scan.remove(gone);
  state_->ranking.forget();
  if (state_->seen_version >= 0) {
    for (std::size_t i = 0; i < ids.size(); ++i) state_->scan.put(ids[i], vectors[i]);
  }
  return {};
}

Result<bool> Store::remove(std::string const& path) {
  std::lock_guard const lock(state_->mutex);
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  auto const erased = state_->erase(path);
  if (!erased) return std::unexpected(erased.error());
  auto changes = state_->database.prepare("SELECT changes()");
  if (auto const row = changes.step(); !row) return std::unexpected(row.error());
  bool const there = changes.integer(0) > 0;
  // FTS5 marks words as deleted and keeps them until its pieces are merged.
  if (auto done = state_->database.execute("INSERT INTO words(words) VALUES ('optimize')"); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
  for (auto const id : *erased) state_->scan.remove(id);
  state_->ranking.forget();
  (void)state_->database.execute(
      "PRAGMA wal_checkpoint(TRUNCATE)");  // so that nothing is left in the log; a reader may hold it
  return there;
}

Result<std::vector<DocumentInfo>> Store::documents() const {
  std::lock_guard const lock(state_->mutex);
  auto statement = state_->database.prepare(
      "SELECT documents.id, path, digest, title, count(chunks.id) FROM documents LEFT JOIN chunks ON chunks.document = "
      "documents.id GROUP BY documents.id ORDER BY path");
  std::vector<DocumentInfo> all;
  for (;;) {
    auto const row = statement.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return all;
    all.push_back({statement.integer(0), statement.text(1), statement.text(2), statement.text(3),
                   static_cast<std::size_t>(statement.integer(4))});
  }
}

Result<std::optional<DocumentInfo>> Store::document(std::string const& path) const {
  std::lock_guard const lock(state_->mutex);
  auto statement = state_->database.prepare(
      "SELECT id, path, digest, title, (SELECT count(*) FROM chunks WHERE document = documents.id) FROM documents WHERE path = "
      "?");
  auto const row = statement.bind(path).step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::nullopt;
  return DocumentInfo{statement.integer(0), statement.text(1), statement.text(2), statement.text(3),
                      static_cast<std::size_t>(statement.integer(4))};
}

Result<std::vector<Ranked>> Store::by_vector(Vector const& query, std::size_t count, Filter const& filter) const {
  constexpr std::size_t proposals = 3;  // for each that is wanted: eight bits blur neighbours
  std::vector<std::int64_t> ids;
  {
    std::lock_guard const lock(state_->mutex);
    if (auto done = state_->refresh(); !done) return std::unexpected(done.error());
    std::vector<Near> near;
    if (filter.path_prefix.empty()) {
      near = state_->scan.nearest(query, count * proposals);
    } else {
      auto const admitted = state_->admitted(filter);
      if (!admitted) return std::unexpected(admitted.error());
      near = state_->scan.nearest(query, count * proposals, [&](std::int64_t id) { return admitted->contains(id); });
    }
    for (auto const& one : near) ids.push_back(one.id);
  }
  auto const exact = cosines(query, ids);
  if (!exact) return std::unexpected(exact.error());
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < ids.size(); ++i) ranked.push_back({ids[i], (*exact)[i]});
  std::ranges::stable_sort(ranked, std::greater<>(), &Ranked::score);
  ranked.resize(std::min(ranked.size(), count));
  return ranked;
}

Result<std::vector<Ranked>> Store::by_vector_exactly(Vector const& query, std::size_t count) const {
  std::lock_guard const lock(state_->mutex);
  std::vector<Ranked> ranked;
  auto all = state_->database.prepare("SELECT chunk, vector FROM vectors");
  for (;;) {
    auto const row = all.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    auto const vector = vector_of(all.blob(1));
    if (vector.size() == query.size()) ranked.push_back({all.integer(0), dot(query, vector)});
  }
  std::ranges::stable_sort(ranked, std::greater<>(), &Ranked::score);
  ranked.resize(std::min(ranked.size(), count));
  return ranked;
}

Result<std::vector<double>> Store::cosines(Vector const& query, std::span<std::int64_t const> ids) const {
  std::lock_guard const lock(state_->mutex);
  std::vector<double> found;
  auto statement = state_->database.prepare("SELECT vector FROM vectors WHERE chunk = ?");
  for (auto const id : ids) {
    statement.reset();
    auto const row = statement.bind(id).step();
    if (!row) return std::unexpected(row.error());
    auto const vector = *row ? vector_of(statement.blob(0)) : Vector{};
    found.push_back(vector.size() == query.size() ? dot(query, vector) : -1.0);
  }
  return found;
}

Result<std::vector<Ranked>> Store::by_words(std::string const& question, std::size_t count, Filter const& filter) const {
  constexpr std::size_t most_words = 64;  // a question, not a page
  auto words = query_words(question);
  if (words.size() > most_words) words.resize(most_words);
  if (words.empty()) return std::vector<Ranked>{};
  std::lock_guard const lock(state_->mutex);
  if (auto done = state_->refresh(); !done) return std::unexpected(done.error());
  if (filter.path_prefix.empty()) return state_->ranking.best(state_->database, words, count);
  auto const admitted = state_->admitted(filter);
  if (!admitted) return std::unexpected(admitted.error());
  return state_->ranking.best(state_->database, words, count, [&](std::int64_t id) { return admitted->contains(id); });
}

Result<std::vector<FoundChunk>> Store::chunks(std::span<std::int64_t const> ids) const {
  std::lock_guard const lock(state_->mutex);
  std::vector<FoundChunk> found;
  auto statement = state_->database.prepare(
      "SELECT documents.id, path, title, ordinal, text, begins, ends, page FROM chunks JOIN documents ON documents.id = "
      "chunks.document WHERE chunks.id = ?");
  for (auto const id : ids) {
    statement.reset();
    auto const row = statement.bind(id).step();
    if (!row) return std::unexpected(row.error());
    if (!*row) continue;  // removed since it was ranked
    found.push_back({id,
                     statement.integer(0),
                     statement.text(1),
                     statement.text(2),
                     static_cast<std::size_t>(statement.integer(3)),
                     {statement.text(4), static_cast<std::size_t>(statement.integer(5)),
                      static_cast<std::size_t>(statement.integer(6)), static_cast<int>(statement.integer(7))}});
  }
  return found;
}

Result<void> Store::check() const {
  std::lock_guard const lock(state_->mutex);
  auto integrity = state_->database.prepare("PRAGMA integrity_check");
  auto const row = integrity.step();
  if (!row) return std::unexpected(row.error());
  if (integrity.text(0) != "ok") return core::fail(Code::invalid, "the file is damaged: " + integrity.text(0));
  for (char const* query : {"SELECT count(*) FROM chunks WHERE id NOT IN (SELECT chunk FROM vectors)",
                            "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT rowid FROM words)",
                            "SELECT count(*) FROM vectors WHERE chunk NOT IN (SELECT id FROM chunks)",
                            "SELECT count(*) FROM words WHERE rowid NOT IN (SELECT id FROM chunks)",
                            "SELECT count(*) FROM chunks WHERE document NOT IN (SELECT id FROM documents)"}) {
    auto count = state_->database.prepare(query);
    if (auto const one = count.step(); !one) return std::unexpected(one.error());
    if (count.integer(0) != 0) return core::fail(Code::invalid, fmt::format("{} rows do not fit: {}", count.integer(0), query));
  }
  return state_->database.execute("INSERT INTO words(words) VALUES ('integrity-check')");
}

}  // namespace parley::knowledge
