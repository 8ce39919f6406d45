#pragma once
// One clause on its way to the service, and what all ways there have in common.
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cloud/half_samples.hpp"
#include "cloud/volcengine/dialect.hpp"
#include "cloud/volcengine/synthesiser.hpp"
#include "core/clock.hpp"

namespace parley::cloud::volcengine {

struct Clause {
  std::string text, resource;
  SynthesisRequest request;
  speech::Synthesiser::Sink sink;
  std::shared_ptr<core::Ledger> ledger;
  std::string session;
  HalfSamples halves;
  int attempts = 0;
  bool sounded = false;  ///< sound of it has left: it is never begun again
  bool stopped = false;
  core::Instant until{};                                             ///< when the next thing must have come
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way
};
using ClauseAt = std::shared_ptr<Clause>;

/// Everything happens on its strand.
class Carrier : public std::enable_shared_from_this<Carrier> {
 public:
  Carrier(net::Network& network, Synthesiser::Options wanted);
  virtual ~Carrier() = default;
  Carrier(Carrier const&) = delete;
  Carrier& operator=(Carrier const&) = delete;

  [[nodiscard]] boost::asio::any_io_executor const& strand() const { return strand_; }
  virtual void begin(ClauseAt const& clause) = 0;
  virtual void stop(ClauseAt const& clause) = 0;
  virtual void warm(std::string const& resource) = 0;
  virtual void close() = 0;
  [[nodiscard]] std::string resource_for(std::string const& speaker) const;

  Synthesiser::Options const options;
  Dialect const dialect;
  std::atomic<std::uint64_t> opened = 0, sessions = 0, cancelled = 0;

 protected:
  /// The clause again from its beginning; it has waited.
  virtual void again(ClauseAt const& clause) = 0;

  [[nodiscard]] net::Headers headers_for(std::string const& resource) const;
  /// A block of the service's sound, to whoever listens.
  void sound(Clause& clause, std::string_view bytes) const;
  /// The service says that the clause is over.
  void over(ClauseAt const& clause, Said const& said, std::string const& log_id);
  /// Begun again after a moment where that may help and nobody has heard anything of it; else the listener is told.
  void failed(ClauseAt const& clause, Verdict const& why, std::uint32_t code, std::string const& log_id);
  /// Its text has gone to the service, which bills it.
  void book(Clause const& clause, std::string const& log_id) const;

  net::Network& network_;
  boost::asio::any_io_executor strand_;
  bool closed_ = false;
};

}  // namespace parley::cloud::volcengine
