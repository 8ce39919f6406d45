#include "server/keys/api_key.hpp"

#include <openssl/rand.h>

#include <utility>

namespace parley::server {

std::string_view scope_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> beginnings{{
      {"/v1/chat/", "text"},
      {"/v1/completions", "text"},
      {"/v1/embeddings", "text"},
      {"/generate", "text"},
      {"/v1/audio/", "audio"},
      {"/v1/realtime", "realtime"},
      {"/v1/knowledge", "knowledge"},
      {"/v1/roles", "roles"},
      {"/v1/models/", "models"},
      {"/metrics", "metrics"},
  }};
  for (auto const& [beginning, scope] : beginnings) {
    if (path.starts_with(beginning)) return scope;
  }
  return {};
}

bool is_metered(std::string_view scope) {
  return !scope.empty() && scope != "metrics" && scope != "roles" && scope != "models";
}

std::string fresh_key() {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  std::string key = "sk-parley-";
  unsigned held = 0, bits = 0;
  for (unsigned const byte : bytes) {
    held = (held << 8U) | byte;
    for (bits += 8; bits >= 6; bits -= 6) key += digits[(held >> (bits - 6)) & 63U];
  }
  key += digits[(held << (6 - bits)) & 63U];  // 256 = 42 * 6 + 4
  return key;
}

}  // namespace parley::server
