#pragma once
// The door: HTTP/1.1 and WebSocket on one port. It carries bytes; what they mean is in RealtimeSession and HttpRoutes.
//
//   auto server = Server::start(options, {.open_call = …});   // listens from here on
//   (*server)->set_ready(true);                               // the models are loaded: calls are taken
//   …
//   (*server)->stop(std::chrono::seconds(10));                // calls end in peace, those that do not are closed
//
// Threads: `threads` of its own run everything; each connection lives on a strand. Members may be called from any thread, but
// not from the server's own.
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conversation/call.hpp"
#include "core/result.hpp"
#include "server/http_routes.hpp"
#include "server/keys/key_book.hpp"
#include "server/session_config.hpp"

namespace parley::server {

/// Somebody wants to talk.
struct CallRequest {
  std::string model;                         ///< ?model=, "default" when absent
  std::string role;                          ///< ?role=, empty: the configured one
  std::map<std::string, std::string> query;  ///< all of it
  boost::asio::any_io_executor executor;     ///< of the server's threads; the call makes its own strand.
                                             ///< Nothing that holds it may outlive the Server
  std::string client = {};                   ///< the id of the key it came with; empty: none
};

/// A call with what its client has to know of it.
struct OpenedCall {
  std::shared_ptr<conversation::Call> call;
  conversation::Settings settings;      ///< of the role, read afresh for this call
  std::string role;                     ///< as it was found
  std::string transcriber = "default";  ///< what is said to hear the words
  Voices voices;                        ///< empty: any voice name is passed on as it comes
};

struct ModelFacts {
  std::string precision;   ///< "Q4_K_M"; empty: nothing to tell
  int context_tokens = 0;  ///< of one request; 0: nothing to tell
  std::string parent;      ///< the model that this is an adapter of; empty: it is none
  std::string state;       ///< of a model that comes and goes: "loaded", "loading", "not loaded"; empty: it is always there
};

struct Hooks {
  /// Called on a server thread before the handshake is answered; an error becomes the HTTP answer (404, 429 with Retry-After,
  /// 503 …). The listener may be called at once, from any thread.
  std::function<core::Result<OpenedCall>(CallRequest const&, conversation::Call::Listener)> open_call;

  /// How many calls can be borne, those that run included, `turns` having been answered so far. Asked before each is let in
  /// and after each turn; by one thread at a time, and it must not take long. Absent: as many as the limit says.
  std::function<int(std::uint64_t turns)> bearable = {};
  /// How a model of GET /v1/models was loaded; may be empty. Called on a server thread, only once the server is ready.
  std::function<ModelFacts(std::string const& id)> describe_model = {};
};

struct Limits {
  int sessions = 64;                                  ///< at once; one more is told 429 (503 when the stages are full)
  int connections = 512;                              ///< open sockets of any kind; one more is closed
  std::size_t message_bytes = std::size_t{21} << 20;  ///< one WebSocket message: 15 MiB of sound in base64
  std::size_t body_bytes = std::size_t{1} << 20;      ///< one HTTP request
  std::size_t queue_bytes = std::size_t{32} << 20;    ///< waiting for a slow client; above, it is closed (1013)
  std::chrono::seconds idle{60};                      ///< without a sign of life (pings are sent at half of it)
  std::chrono::seconds request{30};                   ///< to send a request or take its answer
  std::chrono::seconds longest_session{3600};         ///< announced as session.expires_at
  std::chrono::seconds audio_ahead{600};              ///< sound may be sent so far ahead of real time; above, it is read slower
};

struct Options {
  std::string host = "127.0.0.1";  ///< an address or "localhost"; beyond this machine only with a key
  std::uint16_t port = 8080;       ///< 0: any that is free
  std::shared_ptr<KeyBook> keys;   ///< who may come in; null: no key is needed
  int threads = 2;
  std::vector<std::string> models{"default"};  ///< what GET /v1/models lists
  HttpRoutes routes;                           ///< more routes than the server's own
  bool beta_shape = false;                     ///< also speak the beta protocol, to who asks for it (beta_shape.hpp)
  Limits limits;
};

class Server {
 public:
  /// Errors: `conflict` when the port is in use, `permission` for a foreign address without a key, `invalid` for a bad one.
  [[nodiscard]] static core::Result<std::unique_ptr<Server>> start(Options options, Hooks hooks);
  ~Server();  ///< stop(0)
  Server(Server const&) = delete;
  Server& operator=(Server const&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] int sessions() const;
  /// Lines for /metrics: calls that run, were let in, were refused and why.
  [[nodiscard]] std::string metrics() const;

  /// Until then /readyz and new calls are told 503.
  void set_ready(bool ready);

  /// Phase one: nobody new is let in (/readyz and new calls are told 503), each call is closed with 1001 as soon as it is at
  /// rest: nobody talks, nothing is owed, the answer has been played. Answers over HTTP are finished. Phase two, after `grace`:
  /// the rest is closed with 1001 where it stands. Returns when all is over. The second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Implementation;
  explicit Server(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace parley::server
