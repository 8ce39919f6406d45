#include "cloud/volcengine/account.hpp"

#include <openssl/rand.h>

#include <array>

namespace parley::cloud::volcengine {

std::string uuid() {
  std::array<unsigned char, 16> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  constexpr char const* digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(digits[bytes[i] >> 4U]);
    out.push_back(digits[bytes[i] & 0xFU]);
  }
  return out;
}

net::Headers headers(Account const& account, std::string const& resource) {
  net::Headers out;
  if (!account.api_key.empty()) {
    out.emplace_back("X-Api-Key", account.api_key.reveal());
  } else {
    out.emplace_back("X-Api-App-Key", account.app_id);  // recognition and bidirectional synthesis call it so
    out.emplace_back("X-Api-App-Id", account.app_id);   // the other synthesis documents call it so
    out.emplace_back("X-Api-Access-Key", account.access_token.reveal());
  }
  auto const id = uuid();
  out.emplace_back("X-Api-Resource-Id", resource);
  out.emplace_back("X-Api-Connect-Id", id);
  out.emplace_back("X-Api-Request-Id", id);
  return out;
}

net::Headers v1_headers(Account const& account) {
  return {{"Authorization", "Bearer;" + account.access_token.reveal()}};  // a semicolon, as the document has it
}

std::string resource_of_voice(std::string_view voice) {
  auto const has = [&](std::string_view part) { return voice.find(part) != std::string_view::npos; };
  if (voice.starts_with("S_") || voice.starts_with("icl_")) return "seed-icl-2.0";
  if (voice.starts_with("saturn_") || has("_uranus_") || has("_saturn_")) return "seed-tts-2.0";
  if (has("_moon_") || has("_mars_") || has("_wvae_") || voice.starts_with("ICL_") || voice == "custom_mix_bigtts") {
    return "seed-tts-1.0";
  }
  return {};
}

}  // namespace parley::cloud::volcengine
