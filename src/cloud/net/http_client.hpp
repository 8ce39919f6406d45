#pragma once
// HTTP/1.1 to services (plain or TLS), connections kept and used again, answers as they arrive. Thread-safe.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cloud/net/address.hpp"
#include "cloud/net/websocket.hpp"
#include "core/job.hpp"
#include "core/result.hpp"

namespace parley::cloud::net {

/// What each stage may take. The first that is over ends the request with `deadline`.
struct HttpPatience {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds first_byte{10'000};  ///< from the request being sent to the head of the answer
  std::chrono::milliseconds between{10'000};     ///< between two pieces of the body
};

struct HttpRequest {
  std::string method = "POST";
  Address address;
  Headers headers;
  std::string body;
  HttpPatience patience;
  std::size_t most_body_bytes = std::size_t{64} << 20U;
};

struct HttpHead {
  int status = 0;
  std::string content_type, log_id, retry_after;
};

class HttpClient {
 public:
  struct Handlers {
    std::function<void(HttpHead const&)> head;
    std::function<void(std::string_view)> body;   ///< what has arrived together
    std::function<void(core::Result<void>)> end;  ///< once, the last; `cancelled` after the Job was dropped
  };
  struct Counts {
    std::uint64_t opened = 0, reused = 0;
  };

  /// `network` must live longer.
  explicit HttpClient(Network& network);
  ~HttpClient();

  /// A connection that was kept and is found closed before a byte of the answer came is replaced once: nothing was answered.
  [[nodiscard]] core::Job send(HttpRequest request, Handlers handlers);
  [[nodiscard]] Counts counts() const;

 private:
  class Pool;
  Network& network_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace parley::cloud::net
