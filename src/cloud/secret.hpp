#pragma once
// A key. It comes from an environment variable or a file, never from a configuration file itself; it has no way into a log or a
// message but `reveal`, and its bytes are wiped when it goes.
#include <string>

#include "core/result.hpp"

namespace parley::cloud {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret const&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret const&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

  [[nodiscard]] bool empty() const { return value_.empty(); }
  [[nodiscard]] std::string const& reveal() const { return value_; }

 private:
  std::string value_;
};

/// "NAME" (an environment variable) or "file:/path" (its first line). `not_found` says which one is missing; a value that
/// cannot stand in an HTTP header is `invalid`.
[[nodiscard]] core::Result<Secret> load_secret(std::string const& from);

}  // namespace parley::cloud
