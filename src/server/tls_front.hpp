#pragma once
// TLS in front of the door: takes encrypted connections and hands what is in them, byte for byte, to the plain server on this
// machine's loopback. One process, two ports, and everything behind the first is written once.
//
//   auto front = TlsFront::start({.certificate = "cert.pem", .private_key = "key.pem", .inner_port = server->port()});
//
// Two threads of its own; members from any other thread.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/result.hpp"

namespace parley::server {

struct TlsOptions {
  std::string host = "127.0.0.1";     ///< an address or "localhost"
  std::uint16_t port = 8443;          ///< 0: any that is free
  std::filesystem::path certificate;  ///< PEM, the chain with the server's own first
  std::filesystem::path private_key;  ///< PEM
  std::uint16_t inner_port = 0;       ///< where the plain server listens on 127.0.0.1
  int connections = 512;              ///< at once; one more is closed
  std::chrono::seconds handshake{10};
};

class TlsFront {
 public:
  /// TLS 1.2 and newer. Errors: `invalid` for a file that is no certificate or no key of it, `conflict` for a port in use.
  [[nodiscard]] static core::Result<std::unique_ptr<TlsFront>> start(TlsOptions options);
  ~TlsFront();  ///< closes everything
  TlsFront(TlsFront const&) = delete;
  TlsFront& operator=(TlsFront const&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Implementation;
  explicit TlsFront(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace parley::server
