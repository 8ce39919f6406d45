#include "core/sha256.hpp"

#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

namespace parley::core {

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* spent) const noexcept { EVP_MD_CTX_free(spent); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) { EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<std::byte const> bytes) { EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()); }

void Sha256::update(std::string_view bytes) { update(std::as_bytes(std::span(bytes))); }

std::string Sha256::hex() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr);
  std::string text;
  text.reserve(64);
  for (unsigned char byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256_of(std::string_view bytes) {
  Sha256 sum;
  sum.update(bytes);
  return sum.hex();
}

Result<std::string> sha256_of_file(std::filesystem::path const& path, std::function<void(std::size_t)> const& progress) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) return fail(Code::invalid, "a folder has no SHA-256", path.string());
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    int const why = errno;
    return fail(why == ENOENT ? Code::not_found : Code::unavailable,
                std::string("the file cannot be opened: ") + std::strerror(why), path.string());
  }
  Sha256 sum;
  std::vector<char> block(std::size_t{1} << 20);
  std::size_t total = 0;
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    auto const count = static_cast<std::size_t>(file.gcount());
    if (count == 0) break;
    sum.update(std::string_view(block.data(), count));
    total += count;
    if (progress) progress(total);
  }
  if (file.bad()) return fail(Code::unavailable, "the file cannot be read to its end", path.string());
  return sum.hex();
}

}  // namespace parley::core
