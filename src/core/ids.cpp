#include "core/ids.hpp"

#include <openssl/rand.h>

#include <array>

namespace parley::core {

std::string random_id(std::string_view prefix) {
  static constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::array<unsigned char, 21> noise{};
  RAND_bytes(noise.data(), static_cast<int>(noise.size()));
  std::string id(prefix);
  for (unsigned char byte : noise) id += alphabet[byte % alphabet.size()];
  return id;
}

}  // namespace parley::core
