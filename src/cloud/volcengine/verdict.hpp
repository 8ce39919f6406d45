#pragma once
// What the codes of the speech services mean and what to do about each: reference tables of documents 6561/1354869,
// 6561/1329505, 6561/1594356 and of the v1 synthesis.
#include <cstdint>
#include <string_view>

#include "core/result.hpp"

namespace parley::cloud::volcengine {

enum class Reaction {
  fine,       ///< no error
  no_speech,  ///< nothing was said: an empty transcript
  reopen,     ///< the same again on a new connection, once
  wait,       ///< the same again after a moment
  elsewhere,  ///< not here, not now: the next provider
  set_up,     ///< somebody must change the configuration or the account; the next provider meanwhile
  give_up,    ///< the request itself is refused, and would be everywhere
};

struct Verdict {
  Reaction reaction = Reaction::elsewhere;
  core::Code code = core::Code::unavailable;
  char const* advice = "";
};

/// `message` tells cases of one code apart ("quota exceeded …", "resource ID is mismatched …").
[[nodiscard]] Verdict verdict(std::uint32_t code, std::string_view message);

/// {"error":…}, {"code":…,"message":…}, {"header":{"code":…,"message":…}}, {"status_code":…,"message":…} or plain text.
struct Said {
  std::uint32_t code = 0;
  std::string message;
};
[[nodiscard]] Said read_said(std::string_view payload);

/// The Error a person reads: advice, code, and the service's log id. Never the service's own words: they may repeat a key.
[[nodiscard]] core::Error error_of(Verdict const& verdict, std::uint32_t code, std::string_view service,
                                   std::string_view log_id);

/// A refused upgrade or POST.
[[nodiscard]] Verdict refused(int http_status, Said const& said);

}  // namespace parley::cloud::volcengine
