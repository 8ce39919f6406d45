#include "knowledge/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace parley::knowledge {
namespace {

constexpr int patience_ms = 10'000;  // another process may be writing a document

core::Error error_of(sqlite3* database, int status) {
  auto const code = (status & 0xFF) == SQLITE_BUSY ? core::Code::busy : core::Code::unavailable;
  char const* what = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(status);
  return {code, fmt::format("the knowledge base cannot be read or written: {}", what), {}, std::chrono::seconds(1)};
}

void hits(Fts5ExtensionApi const* api, Fts5Context* row, sqlite3_context* out, int, sqlite3_value**) {
  int count = 0;
  if (int const status = api->xInstCount(row, &count); status != SQLITE_OK) {
    sqlite3_result_error_code(out, status);
  } else {
    sqlite3_result_int(out, count);
  }
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  status_ = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &raw_, nullptr);
}

Statement::~Statement() { sqlite3_finalize(raw_); }

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), raw_(std::exchange(other.raw_, nullptr)), bound_(other.bound_), status_(other.status_) {}

Statement& Statement::bind(std::int64_t value) {
  if (status_ == SQLITE_OK) status_ = sqlite3_bind_int64(raw_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(double value) {
  if (status_ == SQLITE_OK) status_ = sqlite3_bind_double(raw_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  if (status_ == SQLITE_OK) {
    status_ = sqlite3_bind_text64(raw_, ++bound_, text.empty() ? "" : text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return *this;
}

Statement& Statement::bind(std::span<std::byte const> blob) {
  if (status_ == SQLITE_OK) status_ = sqlite3_bind_blob64(raw_, ++bound_, blob.data(), blob.size(), SQLITE_TRANSIENT);
  return *this;
}

core::Result<bool> Statement::step() {
  if (status_ != SQLITE_OK) return std::unexpected(error_of(database_, status_));
  int const status = sqlite3_step(raw_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return std::unexpected(error_of(database_, status));
}

void Statement::reset() {
  if (status_ != SQLITE_OK) return;
  sqlite3_reset(raw_);
  bound_ = 0;
}

core::Result<void> Statement::run() {
  for (;;) {
    auto const row = step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(raw_, column); }

double Statement::real(int column) const { return sqlite3_column_double(raw_, column); }

std::string Statement::text(int column) const {
  auto const* bytes = reinterpret_cast<char const*>(sqlite3_column_text(raw_, column));
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(raw_, column)));
}

std::span<std::byte const> Statement::blob(int column) const {
  auto const* bytes = static_cast<std::byte const*>(sqlite3_column_blob(raw_, column));
  return {bytes, bytes == nullptr ? 0 : static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))};
}

void Database::Closer::operator()(sqlite3* raw) const noexcept { sqlite3_close_v2(raw); }

core::Result<Database> Database::open(std::filesystem::path const& file, bool writing) {
  sqlite3* raw = nullptr;
  int const flags = (writing ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_FULLMUTEX;
  int const status = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (status != SQLITE_OK) {
    return core::fail(core::Code::unavailable, fmt::format("the file cannot be opened: {}", sqlite3_errstr(status)),
                      file.string());
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, patience_ms);
  return database;
}

core::Result<void> Database::execute(std::string const& sql) const {
  int const status = sqlite3_exec(raw_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return std::unexpected(error_of(raw_.get(), status));
  return {};
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(raw_.get()); }

core::Result<void> Database::define_hits() const {
  // https://sqlite.org/fts5.html, "Custom Auxiliary Functions": the interface comes out of a statement.
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  int status = sqlite3_prepare_v2(raw_.get(), "SELECT fts5(?1)", -1, &statement, nullptr);
  if (status == SQLITE_OK) status = sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
  if (status == SQLITE_OK) sqlite3_step(statement);
  sqlite3_finalize(statement);
  if (api == nullptr) return core::fail(core::Code::unavailable, "this machine's SQLite has no FTS5");
  status = api->xCreateFunction(api, "hits", nullptr, hits, nullptr);
  if (status != SQLITE_OK) return std::unexpected(error_of(raw_.get(), status));
  return {};
}

core::Result<Transaction> Transaction::begin(Database const& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return std::unexpected(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

core::Result<void> Transaction::commit() {
  auto done = database_->execute("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace parley::knowledge
