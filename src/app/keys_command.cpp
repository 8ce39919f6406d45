#include "app/keys_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/config.hpp"
#include "app/text_table.hpp"
#include "core/ids.hpp"
#include "core/log.hpp"
#include "core/sha256.hpp"
#include "core/suggest.hpp"
#include "server/keys/key_book.hpp"
#include "server/keys/key_file.hpp"

namespace parley::app {
namespace {

using nlohmann::json;
using server::ApiKey;
using server::KeyLimits;
using server::KeyUsage;

struct Options {
  std::string config_file, file, name, which;
  std::vector<std::string> scopes{"text", "audio", "realtime"};
  KeyLimits limits;
  int days = 0;
  bool json = false;
};

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << std::endl;
  return 1;
}

std::int64_t unix_now() { return static_cast<std::int64_t>(server::KeyBook::system_now()); }

std::string day(std::int64_t seconds) { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(seconds))); }

/// What is not 0, as "60 requests/min".
std::vector<std::string> said(KeyLimits const& limits) {
  std::vector<std::string> out;
  auto const add = [&](auto value, char const* what) {
    if (value != 0) out.push_back(fmt::format("{} {}", value, what));
  };
  add(limits.requests_per_minute, "requests/min");
  add(limits.tokens_per_minute, "tokens/min");
  add(limits.monthly_tokens, "tokens/month");
  add(limits.monthly_budget, "money/month");
  add(limits.calls, "calls");
  add(limits.monthly_minutes, "min of calls/month");
  add(limits.monthly_bytes, "bytes of calls/month");
  return out;
}

json shown(KeyLimits const& limits) {
  return {{"requests_per_minute", limits.requests_per_minute},
          {"tokens_per_minute", limits.tokens_per_minute},
          {"monthly_tokens", limits.monthly_tokens},
          {"monthly_budget", limits.monthly_budget},
          {"calls", limits.calls},
          {"monthly_minutes", limits.monthly_minutes},
          {"monthly_bytes", limits.monthly_bytes}};
}

json shown(ApiKey const& key) {
  return {{"id", key.id},
          {"name", key.name},
          {"scopes", key.scopes},
          {"limits", shown(key.limits)},
          {"created_at", key.created_at},
          {"expires_at", key.expires_at == 0 ? json() : json(key.expires_at)},
          {"revoked_at", key.revoked_at == 0 ? json() : json(key.revoked_at)}};
}

core::Result<void> check(std::vector<std::string> const& scopes) {
  std::vector<std::string> known(server::scopes.begin(), server::scopes.end());
  known.emplace_back("all");
  for (auto const& scope : scopes) {
    if (std::ranges::find(known, scope) != known.end()) continue;
    auto const near = core::suggest(scope, known);
    return core::fail(core::Code::invalid, fmt::format("there is no scope '{}'; {}", scope,
                                                       near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                                                    : fmt::format("did you mean '{}'?", near)));
  }
  return {};
}

int create(Options const& options, std::filesystem::path const& file) {
  if (auto good = check(options.scopes); !good) return complain(good.error());
  std::string const secret = server::fresh_key();
  if (secret.empty()) return complain({core::Code::internal, "the system gave no random numbers", {}, {}});
  ApiKey key;
  key.id = core::random_id("key_").substr(0, 16);
  key.name = options.name;
  key.hash = core::sha256_of(secret);
  key.scopes = options.scopes;
  key.limits = options.limits;
  key.created_at = unix_now();
  if (options.days > 0) key.expires_at = key.created_at + std::int64_t{options.days} * 86400;
  auto const done = server::change_keys(file, [&](std::vector<ApiKey>& keys) -> core::Result<void> {
    bool const taken = !key.name.empty() && std::ranges::any_of(keys, [&](ApiKey const& other) {
      return other.name == key.name && other.revoked_at == 0;
    });
    if (taken)
      return core::fail(core::Code::conflict, "there is a key of that name already; revoke it or choose another", key.name);
    keys.push_back(key);
    return {};
  });
  if (!done) return complain(done.error());
  if (options.json) {
    auto out = shown(key);
    out["key"] = secret;
    std::cout << out.dump() << std::endl;
    return 0;
  }
  std::cerr << fmt::format("{} may use: {}{}{}\n", key.id, fmt::join(key.scopes, ", "),
                           said(key.limits).empty() ? "" : "; at most ", fmt::join(said(key.limits), ", "))
            << "The key is shown this once and kept nowhere. 密钥只显示这一次，不会保存，请现在记下：" << std::endl;
  std::cout << secret << std::endl;
  return 0;
}

int list(Options const& options, std::filesystem::path const& file) {
  server::KeyBook::Options reading;
  reading.file = file;
  reading.watch = std::chrono::milliseconds(0);
  auto const keys = server::read_keys(file);
  if (!keys) return complain(keys.error());
  auto const book = server::KeyBook::open(std::move(reading));
  if (!book) return complain(book.error());
  auto const now = server::KeyBook::system_now();
  std::vector<std::vector<std::string>> rows{{"id", "name", "state", "created", "scopes", "limits", "used this month"}};
  json out{{"keys", json::array()}};
  for (auto const& key : *keys) {
    auto const account = (*book)->find_id(key.id);
    KeyUsage used;
    if (account) used = account->usage();
    auto one = shown(key);
    one["used"] = {{"requests", used.requests}, {"input_tokens", used.input_tokens}, {"output_tokens", used.output_tokens},
                   {"cost", used.cost},         {"call_seconds", used.call_seconds}, {"call_bytes", used.call_bytes}};
    out["keys"].push_back(std::move(one));
    rows.push_back({key.id, key.name,
                    key.revoked_at != 0 ? "revoked " + day(key.revoked_at)
                    : key.alive(now)    ? "good"
                                        : "expired " + day(key.expires_at),
                    day(key.created_at), fmt::format("{}", fmt::join(key.scopes, ",")),
                    fmt::format("{}", fmt::join(said(key.limits), ", ")),
                    fmt::format("{} requests, {} tokens, {:.0f} s of calls", used.requests,
                                used.input_tokens + used.output_tokens, used.call_seconds)});
  }
  if (options.json) {
    std::cout << out.dump() << std::endl;
  } else if (keys->empty()) {
    std::cout << "there are no keys; `parley keys create --name NAME` makes one. 还没有密钥。" << std::endl;
  } else {
    std::cout << table(rows);
  }
  return 0;
}

int revoke(Options const& options, std::filesystem::path const& file) {
  std::string id;
  auto const done = server::change_keys(file, [&](std::vector<ApiKey>& keys) -> core::Result<void> {
    auto found = std::ranges::find(keys, options.which, &ApiKey::id);
    if (found == keys.end()) {
      found = std::ranges::find_if(keys, [&](ApiKey const& key) { return key.name == options.which && key.revoked_at == 0; });
    }
    if (found == keys.end())
      return core::fail(core::Code::not_found, "there is no such key; `parley keys list` shows all", options.which);
    if (found->revoked_at != 0) return core::fail(core::Code::conflict, "this key has been revoked already", found->id);
    found->revoked_at = unix_now();
    id = found->id;
    return {};
  });
  if (!done) return complain(done.error());
  if (options.json) {
    std::cout << json{{"id", id}, {"revoked", true}}.dump() << std::endl;
  } else {
    std::cout << id << " is revoked; a running server refuses it within a second. 已吊销，运行中的服务一秒内生效。"
              << std::endl;
  }
  return 0;
}

}  // namespace

void add_keys_command(CLI::App& app, int& exit_code) {
  auto* keys = app.add_subcommand("keys", "who may use a server, for what and how much");
  keys->require_subcommand(1);
  auto const options = std::make_shared<Options>();
  auto const run = [options, &exit_code](int (*command)(Options const&, std::filesystem::path const&)) {
    return [options, command, &exit_code] {
      core::start_log("warn");
      if (!options->file.empty()) {
        exit_code = command(*options, options->file);
        return;
      }
      auto const& named = options->config_file;
      auto const config = load_config(named.empty() ? share_folder() / "config" / "parley.yaml" : std::filesystem::path(named));
      exit_code = config ? command(*options, keys_file_of(*config)) : complain(config.error());
    };
  };
  auto* make = keys->add_subcommand("create", "a new key; it is printed once and only its hash is kept");
  auto& limits = options->limits;
  auto const count = CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000});
  make->add_option("--name", options->name, "what you call it");
  make->add_option("--scopes", options->scopes, "text,audio,realtime (default), knowledge, roles, metrics, all")
      ->delimiter(',');
  make->add_option("--requests-per-minute", limits.requests_per_minute, "0: no limit, as in all that follow")->check(count);
  make->add_option("--tokens-per-minute", limits.tokens_per_minute, "of prompts and answers")->check(count);
  make->add_option("--monthly-tokens", limits.monthly_tokens, "of prompts and answers, in a calendar month")->check(count);
  make->add_option("--monthly-budget", limits.monthly_budget, "money, by the configuration's token_prices")
      ->check(CLI::Range(0.0, 1e12));
  make->add_option("--calls", limits.calls, "calls at once")->check(count);
  make->add_option("--minutes", limits.monthly_minutes, "minutes of calls a month")->check(count);
  make->add_option("--bytes", limits.monthly_bytes, "bytes of calls a month, both directions; 500MB will do")
      ->transform(CLI::AsSizeValue(true));
  make->add_option("--expires-in", options->days, "days; 0: never")->check(CLI::Range(0, 36500));
  make->callback(run(create));
  auto* show = keys->add_subcommand("list", "all keys, their limits and what they have used");
  show->callback(run(list));
  auto* end = keys->add_subcommand("revoke", "end a key; a running server notices");
  end->add_option("key", options->which, "its id or its name")->required();
  end->callback(run(revoke));
  for (auto* each : {make, show, end}) {
    each->add_flag("--json", options->json, "one JSON object");
    each->add_option("--file", options->file, "the file of keys, instead of the configuration's");
    each->add_option("--config", options->config_file, "configuration file");
  }
}

}  // namespace parley::app
