#include "cloud/openai/refusal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/log.hpp"

namespace parley::cloud::openai {
namespace {

using core::Code;
using nlohmann::json;

/// What a code or a status asks for. The first row whose words begin the code, else whose status fits.
struct Row {
  char const* code;
  int status;
  Code means;
  char const* advice;
};
constexpr std::array rows{
    Row{"AuthenticationError", 401, Code::permission,
        "the service does not know this key: put a valid one where `key_from` points"},
    Row{"invalid_api_key", 401, Code::permission,
        "the service does not know this key: put a valid one where `key_from` points"},
    Row{"AccountOverdueError", 403, Code::permission, "the account of the service is overdue: pay the bill"},
    Row{"AccessDenied", 403, Code::permission, "this key may not use this model: grant it in the service's console"},
    Row{"OperationDenied", 403, Code::permission, "the service does not allow this for the account: see its console"},
    Row{"InvalidEndpointOrModel", 404, Code::not_found,
        "there is no such model or endpoint: compare `model` with the console (an id, or ep-…)"},
    Row{"InvalidEndpoint.ClosedEndpoint", 400, Code::not_found, "the endpoint is closed: start it in the console"},
    Row{"InvalidEndpoint", 404, Code::not_found, "there is no such endpoint: compare `model` with the console (ep-…)"},
    Row{"ModelNotOpen", 404, Code::not_found, "the model is not activated for this account: open it in the console"},
    Row{"model_not_found", 404, Code::not_found, "there is no such model: compare `model` with the service's list"},
    Row{"SensitiveContentDetected", 400, Code::invalid, "the service's filter refused the text"},
    Row{"InputTextSensitiveContentDetected", 400, Code::invalid, "the service's filter refused the text"},
    Row{"InputTextRiskDetection", 400, Code::invalid, "the service's filter refused the text"},
    Row{"QuotaExceeded", 429, Code::busy, "the quota of the service is used up: raise it or wait"},
    Row{"SetLimitExceeded", 429, Code::busy, "the limit set for this model is reached: raise it in the console"},
    Row{"insufficient_quota", 429, Code::busy, "the account of the service has no credit left"},
    Row{"ServerOverloaded", 429, Code::busy, "the service is overloaded"},
    Row{"ModelLoadingError", 429, Code::busy, "the language model is still being loaded there"},
};

core::Error meaning(std::string const& code, int status) {
  auto const row = std::ranges::find_if(rows, [&](Row const& r) { return !code.empty() && code.starts_with(r.code); });
  if (row != rows.end()) return {row->means, row->advice, code, {}};
  auto const said = code.empty() ? "HTTP " + std::to_string(status) : code;
  if (status == 401 || status == 403) {
    return {Code::permission, "the service refuses this key: see its console", said, {}};
  }
  if (status == 404)
    return {Code::not_found, "the service knows no such address or model: look at `url` and `model`", said, {}};
  if (status == 429) return {Code::busy, "the service takes no more requests just now", said, {}};
  if (status == 408 || status == 504) return {Code::deadline, "the service ran out of time", said, {}};
  if (status >= 500) return {Code::unavailable, "the service has a fault of its own", said, {}};
  return {Code::internal, "the service does not accept the request: look at its settings", said, {}};
}

/// Only what looks like a code: letters, digits, dots, dashes and underscores.
std::string code_of(json const& error) {
  if (!error.is_object()) return {};
  std::string code;
  for (auto const* key : {"type", "code"}) {
    auto const at = error.find(key);
    if (at == error.end()) continue;
    if (at->is_string() && !at->get_ref<std::string const&>().empty()) code = at->get<std::string>();
    if (at->is_number_integer()) code = at->dump();
  }
  bool const plain = code.size() <= 80 && std::ranges::all_of(code, [](char c) {
                       return (std::isalnum(static_cast<unsigned char>(c)) != 0) || c == '.' || c == '_' || c == '-';
                     });
  return plain ? code : std::string();
}

}  // namespace

core::Error refusal(int status, std::string_view body, std::string_view retry_after) {
  auto const said = json::parse(body, nullptr, false);
  auto const named = said.is_object() && said.contains("error");
  auto error = meaning(named ? code_of(said["error"]) : std::string(), status);
  if (error.code == Code::busy) {
    int seconds = 0;
    std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
    error.retry_after = std::chrono::seconds(std::clamp(seconds, 1, 600));
  }
  return error;
}

core::Error refusal_of(json const& error) { return meaning(code_of(error), 500); }

core::Error reported(core::Error error, core::ServiceUse use, std::shared_ptr<core::Ledger> const& ledger) {
  use.failure = core::name(error.code);
  error.subject = use.service + (error.subject.empty() ? "" : ": " + error.subject);
  if (!use.log_id.empty()) error.subject += ", log id " + use.log_id;
  if (error.code != Code::cancelled) spdlog::info("cloud: {}", core::describe(error));
  if (ledger) ledger->add(std::move(use));
  return error;
}

}  // namespace parley::cloud::openai
