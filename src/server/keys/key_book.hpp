#pragma once
// All keys of a server: those of the file, which it rereads when it has changed, and those it was given. Thread-safe.
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/result.hpp"
#include "server/keys/key_account.hpp"

namespace parley::server {

class KeyBook {
 public:
  struct Options {
    std::filesystem::path file;                  ///< of key_file.hpp; empty: none
    std::vector<std::string> configured_hashes;  ///< SHA-256 of keys without limits, lower-case hex
    Prices prices;
    KeyAccount::Now now = system_now;
    std::chrono::milliseconds watch{500};  ///< how often the file is looked at and usage is written; 0: only when told to
  };

  /// What was used before is read from FILE.usage, and written there while it changes and at the end: a killed server forgets
  /// what was used since the last look. One server a file. Errors: those of read_keys.
  [[nodiscard]] static core::Result<std::shared_ptr<KeyBook>> open(Options options);
  /// Only keys that were given, by their hashes; nothing can fail.
  [[nodiscard]] static std::shared_ptr<KeyBook> configured(std::vector<std::string> hashes = {});
  ~KeyBook();
  KeyBook(KeyBook const&) = delete;
  KeyBook& operator=(KeyBook const&) = delete;

  /// Once true it stays so: a file that disappears opens no door.
  [[nodiscard]] bool needs_key() const;

  /// nullptr: not known here, revoked or expired.
  [[nodiscard]] std::shared_ptr<KeyAccount> find(std::string_view key) const;
  [[nodiscard]] std::shared_ptr<KeyAccount> find_id(std::string_view id) const;

  void look();                              ///< rereads the file if it has changed; a damaged one is logged and changes nothing
  [[nodiscard]] core::Result<void> save();  ///< writes what was used, if anything was

  [[nodiscard]] std::string metrics() const;  ///< Prometheus text: requests, refusals, tokens and calls of each key, by its id

  static double system_now();

 private:
  /// What tells one state of a file from another.
  struct Stamp {
    std::int64_t time_ns = 0;
    std::uint64_t inode = 0, size = 0;
    bool operator==(Stamp const&) const = default;
  };
  explicit KeyBook(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Stamp stamp() const;
  void take(std::vector<ApiKey> keys);
  [[nodiscard]] core::Result<void> restore();
  void watch(std::stop_token const& stop);

  Options const options_;
  mutable std::shared_mutex mutex_;  ///< guards the next three
  std::map<std::string, std::shared_ptr<KeyAccount>, std::less<>> by_hash_;
  std::map<std::string, std::shared_ptr<KeyAccount>, std::less<>> by_id_;  ///< of the file only
  bool needs_key_ = false;
  std::mutex file_mutex_;  ///< guards the next two
  Stamp seen_;
  std::string saved_;
  std::jthread watcher_;  ///< last
};

}  // namespace parley::server
