#pragma once
// SQLite, wrapped as far as this room needs it: a connection and statements that cannot leak, errors as values.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace parley::knowledge {

/// One prepared statement, run from its first binding to its last row. Not thread-safe; belongs to its Database.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  /// The next parameter, from the first on. Texts and blobs are copied.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind(std::span<std::byte const> blob);

  /// True: there is a row. False: that was the last.
  [[nodiscard]] core::Result<bool> step();
  /// From the start again, with nothing bound: for a statement that is run many times.
  void reset();
  /// For a statement that gives no rows.
  [[nodiscard]] core::Result<void> run();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::span<std::byte const> blob(int column) const;  ///< until the next step

 private:
  sqlite3* database_;
  sqlite3_stmt* raw_ = nullptr;
  int bound_ = 0;
  int status_;
};

/// One connection. Thread-safe only under its owner's lock.
class Database {
 public:
  [[nodiscard]] static core::Result<Database> open(std::filesystem::path const& file, bool writing);

  [[nodiscard]] Statement prepare(std::string_view sql) const { return {raw_.get(), sql}; }
  [[nodiscard]] core::Result<void> execute(std::string const& sql) const;  ///< any number of statements
  [[nodiscard]] std::int64_t last_id() const;
  /// Makes FTS5's auxiliary function `hits(table)`: how often what is matched stands in the row.
  [[nodiscard]] core::Result<void> define_hits() const;

 private:
  struct Closer {
    void operator()(sqlite3* raw) const noexcept;
  };
  explicit Database(sqlite3* raw) : raw_(raw) {}
  std::unique_ptr<sqlite3, Closer> raw_;
};

/// Rolls back what was not committed.
class Transaction {
 public:
  [[nodiscard]] static core::Result<Transaction> begin(Database const& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  [[nodiscard]] core::Result<void> commit();

 private:
  explicit Transaction(Database const& database) : database_(&database) {}
  Database const* database_;
};

}  // namespace parley::knowledge
