#pragma once
// What OpenAI-compatible services and Volcengine's Ark (documents 82379/1299023, /1099476) say when they refuse, and the next
// step to take about each.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cloud/net/http_client.hpp"
#include "core/ledger.hpp"
#include "core/result.hpp"

namespace parley::cloud::openai {

/// By the code in {"error":{"code":…}}, else by the status. What the service said is kept, shortened, only as far as it is a
/// code: a message may repeat a key.
[[nodiscard]] core::Error refusal(int status, std::string_view body, std::string_view retry_after = {});
/// An `error` member in the middle of a stream.
[[nodiscard]] core::Error refusal_of(nlohmann::json const& error);

/// With the service's name and its log id in the subject; written to the log and, where there is one, into the ledger.
[[nodiscard]] core::Error reported(core::Error error, core::ServiceUse use, std::shared_ptr<core::Ledger> const& ledger);

}  // namespace parley::cloud::openai
