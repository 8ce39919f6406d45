#pragma once
#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace parley::core {

/// Incremental SHA-256 (OpenSSL). `hex()` ends it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::span<std::byte const> bytes);
  void update(std::string_view bytes);
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_of(std::string_view bytes);

/// Reads the file in pieces; `progress` (may be empty) is told the bytes read so far.
[[nodiscard]] Result<std::string> sha256_of_file(std::filesystem::path const& path,
                                                 std::function<void(std::size_t)> const& progress = {});

}  // namespace parley::core
