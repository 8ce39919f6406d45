#include "cloud/secret.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace parley::cloud {

Secret::~Secret() { OPENSSL_cleanse(value_.data(), value_.size()); }

core::Result<Secret> load_secret(std::string const& from) {
  std::string value;
  if (from.starts_with("file:")) {
    std::ifstream in(from.substr(5));
    if (!in) return core::fail(core::Code::not_found, "the file that should hold a key cannot be read", from.substr(5));
    std::getline(in, value);
  } else if (char const* found = std::getenv(from.c_str()); found != nullptr) {
    value = found;
  }
  while (!value.empty() && (value.back() == '\r' || value.back() == ' ')) value.pop_back();
  if (value.empty()) {
    return core::fail(core::Code::not_found, "the environment variable that should hold a key is not set: export it first",
                      from);
  }
  if (std::ranges::any_of(value, [](char c) { return c < 0x21 || c > 0x7e; })) {
    return core::fail(core::Code::invalid, "a key holds only visible ASCII characters; look at what is stored there", from);
  }
  return Secret(std::move(value));
}

}  // namespace parley::cloud
