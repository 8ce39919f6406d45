#include "server/keys/key_book.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "core/file.hpp"
#include "core/log.hpp"
#include "core/sha256.hpp"
#include "server/keys/key_file.hpp"

namespace parley::server {
namespace {

using nlohmann::json;

std::filesystem::path usage_file(std::filesystem::path const& file) { return file.string() + ".usage"; }

json json_of(KeyUsage const& usage) {
  return {{"month", usage.month},
          {"requests", usage.requests},
          {"input_tokens", usage.input_tokens},
          {"output_tokens", usage.output_tokens},
          {"cost", usage.cost},
          {"call_seconds", usage.call_seconds},
          {"call_bytes", usage.call_bytes},
          {"refused", usage.refused},
          {"request_bucket", {usage.request_bucket.level(), usage.request_bucket.at()}},
          {"token_bucket", {usage.token_bucket.level(), usage.token_bucket.at()}}};
}

KeyUsage usage_of(json const& in) {
  KeyUsage usage;
  in.at("month").get_to(usage.month);
  in.at("requests").get_to(usage.requests);
  in.at("input_tokens").get_to(usage.input_tokens);
  in.at("output_tokens").get_to(usage.output_tokens);
  in.at("cost").get_to(usage.cost);
  in.at("call_seconds").get_to(usage.call_seconds);
  in.at("call_bytes").get_to(usage.call_bytes);
  in.at("refused").get_to(usage.refused);
  constexpr double any = 1e18;  // the account knows its limit and cuts
  usage.request_bucket = usage.token_bucket = RateBucket(any);
  usage.request_bucket.restore(in.at("request_bucket").at(0), in.at("request_bucket").at(1));
  usage.token_bucket.restore(in.at("token_bucket").at(0), in.at("token_bucket").at(1));
  return usage;
}

}  // namespace

double KeyBook::system_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

core::Result<std::shared_ptr<KeyBook>> KeyBook::open(Options options) {
  std::shared_ptr<KeyBook> book(new KeyBook(std::move(options)));
  auto const& given = book->options_;
  for (std::size_t i = 0; i < given.configured_hashes.size(); ++i) {
    ApiKey key;
    key.id = fmt::format("configured-{}", i + 1);
    key.name = key.id;
    key.hash = given.configured_hashes[i];
    key.scopes = {"all"};
    book->by_hash_[key.hash] = std::make_shared<KeyAccount>(key, given.prices, given.now);
    book->needs_key_ = true;
  }
  if (given.file.empty()) return book;
  book->seen_ = book->stamp();
  auto keys = read_keys(given.file);
  if (!keys) return std::unexpected(keys.error());
  book->take(*std::move(keys));
  if (auto restored = book->restore(); !restored) return std::unexpected(restored.error());
  if (given.watch.count() > 0) {
    book->watcher_ = std::jthread([&own = *book](std::stop_token const& stop) { own.watch(stop); });
  }
  return book;
}

std::shared_ptr<KeyBook> KeyBook::configured(std::vector<std::string> hashes) {
  Options options;
  options.configured_hashes = std::move(hashes);
  return *open(std::move(options));
}

KeyBook::~KeyBook() {
  if (!watcher_.joinable()) return;  // who only reads writes nothing
  watcher_.request_stop();
  watcher_.join();
  if (auto saved = save(); !saved) spdlog::error("what keys have used was not written: {}", core::describe(saved.error()));
}

bool KeyBook::needs_key() const {
  std::shared_lock const lock(mutex_);
  return needs_key_;
}

std::shared_ptr<KeyAccount> KeyBook::find(std::string_view key) const {
  // Found by its hash: how long that takes may tell something of hashes, from which nobody comes to a key.
  std::string const hash = core::sha256_of(key);
  std::shared_lock const lock(mutex_);
  auto const found = by_hash_.find(hash);
  return found != by_hash_.end() && found->second->alive() ? found->second : nullptr;
}

std::shared_ptr<KeyAccount> KeyBook::find_id(std::string_view id) const {
  std::shared_lock const lock(mutex_);
  if (auto const found = by_id_.find(id); found != by_id_.end()) return found->second->alive() ? found->second : nullptr;
  for (auto const& [hash, account] : by_hash_) {
    if (account->id() == id) return account;
  }
  return nullptr;
}

KeyBook::Stamp KeyBook::stamp() const {
  struct stat status{};
  if (::stat(options_.file.c_str(), &status) != 0) return {};
  return {std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_ino,
          static_cast<std::uint64_t>(status.st_size)};
}

void KeyBook::take(std::vector<ApiKey> keys) {
  std::unique_lock const lock(mutex_);
  for (auto const& [id, account] : by_id_) by_hash_.erase(account->key().hash);
  auto const before = std::exchange(by_id_, {});
  for (auto& key : keys) {
    auto const known = before.find(key.id);
    auto account = known == before.end() ? nullptr : known->second;
    auto const id = key.id;
    auto const hash = key.hash;
    if (account) {
      account->change(std::move(key));
    } else {
      account = std::make_shared<KeyAccount>(std::move(key), options_.prices, options_.now);
    }
    by_hash_[hash] = account;
    by_id_[id] = account;
    needs_key_ = true;
  }
  for (auto const& [id, account] : before) {
    if (by_id_.contains(id)) continue;
    auto gone = account->key();  // somebody may still hold it: a call
    gone.revoked_at = static_cast<std::int64_t>(options_.now());
    account->change(std::move(gone));
  }
}

void KeyBook::look() {
  if (options_.file.empty()) return;
  std::lock_guard const lock(file_mutex_);
  auto const now = stamp();
  if (now == seen_) return;
  seen_ = now;  // a damaged file is complained of once
  auto keys = read_keys(options_.file);
  if (!keys) return spdlog::error("the keys stay as they were: {}", core::describe(keys.error()));
  take(*std::move(keys));
  spdlog::info("the file of keys has changed and was read again");
}

core::Result<void> KeyBook::restore() {
  auto const path = usage_file(options_.file);
  auto const bytes = core::file_bytes(path);
  if (!bytes) return {};
  try {
    auto const document = json::parse(*bytes);
    for (auto const& [id, usage] : document.at("used").items()) {
      if (auto const found = by_id_.find(id); found != by_id_.end()) found->second->restore(usage_of(usage));
    }
  } catch (json::exception const&) {
    return core::fail(core::Code::invalid, "what keys have used cannot be read; without the file all budgets begin anew",
                      path.string());
  }
  saved_ = *bytes;
  return {};
}

core::Result<void> KeyBook::save() {
  if (options_.file.empty()) return {};
  json document{{"version", 1}, {"used", json::object()}};
  {
    std::shared_lock const lock(mutex_);
    for (auto const& [id, account] : by_id_) {
      auto const usage = account->usage();
      if (usage.requests + usage.refused != 0 || usage.call_seconds > 0) document["used"][id] = json_of(usage);
    }
  }
  std::string text = document.dump(1) + "\n";
  std::lock_guard const lock(file_mutex_);
  if (text == saved_ || (saved_.empty() && document["used"].empty())) return {};
  auto written = write_private(usage_file(options_.file), text);
  if (written) saved_ = std::move(text);
  return written;
}

void KeyBook::watch(std::stop_token const& stop) {
  std::mutex mutex;
  std::condition_variable_any ending;
  bool complained = false;
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex);
    ending.wait_for(lock, stop, options_.watch, [] { return false; });
    look();
    auto const saved = save();
    if (!saved && !complained) spdlog::error("what keys have used is not written: {}", core::describe(saved.error()));
    complained = !saved;
  }
}

std::string KeyBook::metrics() const {
  struct Row {
    std::string labels;
    KeyUsage usage;
  };
  std::vector<Row> rows;
  {
    std::shared_lock const lock(mutex_);
    for (auto const& [hash, account] : by_hash_) rows.push_back({fmt::format("key=\"{}\"", account->id()), account->usage()});
  }
  std::string out;
  auto const add = [&](std::string_view name, std::string_view help, auto value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
    for (auto const& row : rows) out += fmt::format("{}{{{}}} {}\n", name, row.labels, value(row.usage));
  };
  if (rows.empty()) return out;
  add("parley_key_requests", "Requests of a key this month.", [](KeyUsage const& u) { return u.requests; });
  add("parley_key_refused", "Requests of a key that its limits refused.", [](KeyUsage const& u) { return u.refused; });
  add("parley_key_input_tokens", "Tokens of prompts this month.", [](KeyUsage const& u) { return u.input_tokens; });
  add("parley_key_output_tokens", "Tokens of answers this month.", [](KeyUsage const& u) { return u.output_tokens; });
  add("parley_key_cost", "What they cost, by the configured prices.", [](KeyUsage const& u) { return u.cost; });
  add("parley_key_call_seconds", "How long calls were this month.", [](KeyUsage const& u) { return u.call_seconds; });
  add("parley_key_call_bytes", "Bytes that passed in calls this month.", [](KeyUsage const& u) { return u.call_bytes; });
  return out;
}

}  // namespace parley::server
