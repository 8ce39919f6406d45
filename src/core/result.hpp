#pragma once
// One way to fail. Every fallible function of Parley returns Result<T>; exceptions live only inside a room that wraps a
// throwing library and are turned into an Error at its border.
#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace parley::core {

/// Stable codes; `http_status` and the Realtime error event are derived from them and nothing else.
enum class Code {
  invalid,      // the caller's mistake: 400
  permission,   // 401
  not_found,    // 404
  conflict,     // 409
  too_large,    // 413
  busy,         // 429, try again after `retry_after`
  cancelled,    // 499, asked for by the caller
  internal,     // 500, our fault
  unavailable,  // 503, something this needs is not there
  deadline,     // 504
};

struct Error {
  Code code = Code::internal;
  std::string message;                       ///< a sentence that says what is wrong and what to do
  std::string subject;                       ///< the field, file or address at fault; may be empty
  std::chrono::milliseconds retry_after{0};  ///< only with `busy`
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message, std::string subject = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(subject), {}});
}

[[nodiscard]] std::string_view name(Code code) noexcept;  ///< "invalid", "not_found", …
[[nodiscard]] int http_status(Code code) noexcept;

/// "port 8080 is in use; choose another with --port (127.0.0.1:8080)": what a person reads.
[[nodiscard]] std::string describe(Error const& error);

}  // namespace parley::core
