#include "server/keys/key_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/file.hpp"

namespace parley::server {
namespace {

using nlohmann::json;

/// An open file of the system, closed at the end.
class Opened {
 public:
  Opened(std::filesystem::path const& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
  ~Opened() {
    if (number_ >= 0) ::close(number_);
  }
  Opened(Opened const&) = delete;
  Opened& operator=(Opened const&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<core::Error> failed(char const* doing, std::filesystem::path const& file) {
  auto const code = errno == EACCES || errno == EPERM || errno == EROFS ? core::Code::permission : core::Code::unavailable;
  return core::fail(code, std::string("the file of keys could not be ") + doing + ": " + std::strerror(errno), file.string());
}

json limits_json(KeyLimits const& limits) {
  json out = json::object();
  auto const put = [&](char const* name, auto value) {
    if (value != 0) out[name] = value;
  };
  put("requests_per_minute", limits.requests_per_minute);
  put("tokens_per_minute", limits.tokens_per_minute);
  put("monthly_tokens", limits.monthly_tokens);
  put("monthly_budget", limits.monthly_budget);
  put("calls", limits.calls);
  put("monthly_minutes", limits.monthly_minutes);
  put("monthly_bytes", limits.monthly_bytes);
  return out;
}

KeyLimits limits_of(json const& in) {
  KeyLimits limits;
  limits.requests_per_minute = in.value("requests_per_minute", std::int64_t{0});
  limits.tokens_per_minute = in.value("tokens_per_minute", std::int64_t{0});
  limits.monthly_tokens = in.value("monthly_tokens", std::int64_t{0});
  limits.monthly_budget = in.value("monthly_budget", 0.0);
  limits.calls = in.value("calls", std::int64_t{0});
  limits.monthly_minutes = in.value("monthly_minutes", std::int64_t{0});
  limits.monthly_bytes = in.value("monthly_bytes", std::int64_t{0});
  return limits;
}

ApiKey key_of(json const& in) {
  ApiKey key;
  in.at("id").get_to(key.id);
  in.at("sha256").get_to(key.hash);
  key.name = in.value("name", "");
  in.at("scopes").get_to(key.scopes);
  key.limits = limits_of(in.value("limits", json::object()));
  key.created_at = in.value("created_at", std::int64_t{0});
  key.expires_at = in.value("expires_at", std::int64_t{0});
  key.revoked_at = in.value("revoked_at", std::int64_t{0});
  return key;
}

json json_of(ApiKey const& key) {
  json out{{"id", key.id}, {"name", key.name}, {"sha256", key.hash}, {"scopes", key.scopes}, {"created_at", key.created_at}};
  if (key.expires_at != 0) out["expires_at"] = key.expires_at;
  if (key.revoked_at != 0) out["revoked_at"] = key.revoked_at;
  if (auto limits = limits_json(key.limits); !limits.empty()) out["limits"] = std::move(limits);
  return out;
}

}  // namespace

core::Result<std::vector<ApiKey>> read_keys(std::filesystem::path const& file) {
  std::vector<ApiKey> keys;
  std::error_code none;
  if (!std::filesystem::exists(file, none) && !none) return keys;
  errno = 0;
  auto const bytes = core::file_bytes(file);
  if (!bytes) return failed("read", file);
  try {
    auto const document = json::parse(*bytes);
    for (auto const& each : document.at("keys")) keys.push_back(key_of(each));
  } catch (json::exception const&) {  // its message would repeat what stands in the file
    return core::fail(core::Code::invalid, "this is no file of keys, or it was damaged; restore it or remove it",
                      file.string());
  }
  return keys;
}

core::Result<void> write_private(std::filesystem::path const& file, std::string_view bytes) {
  std::error_code ignored;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  auto const beside = std::filesystem::path(file.string() + ".new");
  {
    Opened const out(beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (out.number() < 0 || ::fchmod(out.number(), S_IRUSR | S_IWUSR) != 0) return failed("written", beside);
    for (auto rest = bytes; !rest.empty();) {
      auto const written = ::write(out.number(), rest.data(), rest.size());
      if (written < 0) return failed("written", beside);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(out.number()) != 0) return failed("written", beside);
  }
  if (::rename(beside.c_str(), file.c_str()) != 0) return failed("put in its place", file);
  return {};
}

core::Result<void> change_keys(std::filesystem::path const& file,
                               std::function<core::Result<void>(std::vector<ApiKey>&)> const& change) {
  std::error_code ignored;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  auto const lock = std::filesystem::path(file.string() + ".lock");
  Opened const held(lock, O_RDWR | O_CREAT);
  if (held.number() < 0 || ::flock(held.number(), LOCK_EX) != 0) return failed("locked", lock);
  auto keys = read_keys(file);
  if (!keys) return std::unexpected(keys.error());
  if (auto done = change(*keys); !done) return done;
  json document{{"version", 1}, {"keys", json::array()}};
  for (auto const& key : *keys) document["keys"].push_back(json_of(key));
  return write_private(file, document.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace parley::server
