#include "cloud/volcengine/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace parley::cloud::volcengine {
namespace {

using core::Code;
using nlohmann::json;

struct Row {
  std::uint32_t code;
  char const* says;  ///< a part of the message; empty: any
  Verdict verdict;
};

constexpr Verdict key{
    Reaction::set_up, Code::permission,
    "the key is not accepted: compare it with the console, and use either the new API key alone or the app id "
    "with its access token"};
constexpr Verdict resource{Reaction::set_up, Code::permission,
                           "the account has no right to this resource: activate it in the console, or name another `resource`"};
constexpr Verdict mismatch{Reaction::set_up, Code::not_found,
                           "this voice belongs to another resource: set `resource` to the one the voice list names"};
constexpr Verdict voice{Reaction::set_up, Code::not_found, "the service has no such voice: compare it with the voice list"};
constexpr Verdict text{Reaction::give_up, Code::invalid, "the service cannot speak this text"};
constexpr Verdict request{Reaction::set_up, Code::internal, "the service does not accept the request: look at its settings"};
constexpr Verdict concurrency{Reaction::wait, Code::busy, "all concurrent sessions of the account are in use"};
constexpr Verdict quota{Reaction::set_up, Code::busy, "the quota of the service is used up: buy more in the console"};
constexpr Verdict fault{Reaction::reopen, Code::unavailable, "the service has a fault of its own"};
constexpr Verdict slow{Reaction::reopen, Code::deadline, "the service ran out of time"};
constexpr Verdict fine{Reaction::fine, Code::internal, ""};
constexpr Verdict silence{Reaction::no_speech, Code::invalid, "there was no sound"};

constexpr std::array rows{
    Row{0, "", fine},
    Row{20000000, "", fine},
    Row{20000003, "", silence},
    Row{45000002, "", silence},
    Row{45000003, "", {Reaction::reopen, Code::deadline, "nothing was said for so long that the service hung up"}},
    Row{45000000, "concurrency", concurrency},
    Row{45000000, "quota", quota},
    Row{45000000, "permission denied", resource},
    Row{45000000, "", request},
    Row{45000001, "speaker", voice},
    Row{45000001, "empty text", text},
    Row{45000001, "", request},
    Row{45000010, "", key},
    Row{45000030, "", resource},
    Row{45000081, "", {Reaction::reopen, Code::deadline, "the service waited in vain for the next sound"}},
    Row{45000151, "", request},
    Row{45002000, "", voice},
    Row{45002001, "", text},
    Row{40402003, "", text},
    Row{40200011, "", concurrency},
    Row{40200012, "", concurrency},
    Row{42000020, "", request},
    Row{40000010, "", {Reaction::give_up, Code::invalid, "the conversation holds nothing that could be removed"}},
    Row{50000000, "", fault},
    Row{50700000, "", slow},
    Row{52000011, "", slow},
    Row{52000016, "", slow},
    Row{52000022, "", fault},
    Row{52000035, "", fault},
    Row{52000042, "", {Reaction::reopen, Code::deadline, "no sound was sent for ten seconds and the service hung up"}},
    Row{55000000, "mismatch", mismatch},
    Row{55000000, "", fault},
    Row{55000001, "InvalidSpeaker", voice},
    Row{55000001, "ExceededConcurrent", concurrency},
    Row{55000001, "", fault},
    Row{55000030, "", {Reaction::elsewhere, Code::unavailable, "the service is out of order"}},
    Row{55000031, "", {Reaction::wait, Code::busy, "the service is overloaded"}},
    Row{55002070, "", fault},
    Row{3000, "", fine},
    Row{3001, "", request},
    Row{3003, "", concurrency},
    Row{3005, "", {Reaction::wait, Code::busy, "the service is overloaded"}},
    Row{3006, "", {Reaction::reopen, Code::conflict, "the number of the request was used before"}},
    Row{3010, "", text},
    Row{3011, "", text},
    Row{3030, "", slow},
    Row{3031, "", fault},
    Row{3032, "", slow},
    Row{3040, "", fault},
    Row{3050, "", voice},
};

std::uint32_t code_at(json const& object, char const* key_name) {
  auto const at = object.find(key_name);
  if (at == object.end()) return 0;
  if (at->is_number_integer()) return at->get<std::uint32_t>();
  std::uint32_t code = 0;
  if (at->is_string()) {  // the documents type some of them as strings
    auto const& digits = at->get_ref<std::string const&>();
    std::from_chars(digits.data(), digits.data() + digits.size(), code);
  }
  return code;
}

}  // namespace

Verdict verdict(std::uint32_t code, std::string_view message) {
  auto const row = std::ranges::find_if(
      rows, [&](Row const& r) { return r.code == code && message.find(r.says) != std::string_view::npos; });
  if (row != rows.end()) return row->verdict;
  if (code / 100'000 == 550) return fault;
  if (code / 1'000'000 == 52 || code / 1'000'000 == 50) return fault;
  if (code / 1'000'000 == 45 || code / 1'000'000 == 42) return request;
  return {Reaction::elsewhere, Code::unavailable, "the service failed in a way that is not documented"};
}

Said read_said(std::string_view payload) {
  auto const whole = json::parse(payload, nullptr, false);
  if (!whole.is_object()) return {0, std::string(payload.substr(0, 1000))};
  auto const header = whole.find("header");
  auto const& said = header != whole.end() && header->is_object() ? *header : whole;
  Said result;
  result.code = code_at(said, "code");
  if (result.code == 0) result.code = code_at(said, "status_code");
  for (auto const* name : {"message", "error"}) {
    auto const at = said.find(name);
    if (at != said.end() && at->is_string()) result.message = at->get<std::string>().substr(0, 1000);
  }
  return result;
}

core::Error error_of(Verdict const& verdict, std::uint32_t code, std::string_view service, std::string_view log_id) {
  std::string subject(service);
  if (code != 0) subject += fmt::format(": code {}", code);
  if (!log_id.empty()) subject += fmt::format(", log id {}", log_id);
  core::Error error{verdict.code, verdict.advice, std::move(subject), {}};
  if (verdict.code == Code::busy) error.retry_after = std::chrono::seconds(1);
  return error;
}

Verdict refused(int http_status, Said const& said) {
  if (said.code != 0) return verdict(said.code, said.message);
  if (http_status == 401) return key;
  if (http_status == 403) return resource;
  if (http_status == 404) return {Reaction::set_up, Code::not_found, "there is no such service at this address: look at `url`"};
  if (http_status == 429) return concurrency;
  if (http_status >= 500) return fault;
  return {Reaction::elsewhere, Code::unavailable, "the service refused the connection"};
}

}  // namespace parley::cloud::volcengine
