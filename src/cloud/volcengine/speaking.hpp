#pragma once
// The connections of one Synthesiser and the clauses that wait for them; everything on one strand.
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <stop_token>

#include "cloud/volcengine/synthesis_codec.hpp"
#include "cloud/volcengine/synthesiser.hpp"
#include "cloud/volcengine/verdict.hpp"
#include "core/clock.hpp"

namespace parley::cloud::volcengine {

/// One clause on its way.
struct Clause {
  std::string text, resource;
  SynthesisRequest request;
  speech::Synthesiser::Sink sink;
  std::string session;
  HalfSamples halves;
  int attempts = 0;
  bool sounded = false;  ///< sound of it has left: it is never begun again
  bool stopped = false;
  core::Instant until{};                                             ///< when the next thing must have come
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way
};

class Speaking : public std::enable_shared_from_this<Speaking> {
 public:
  Speaking(net::Network& network, Synthesiser::Options wanted)
      : options(std::move(wanted)), network_(network), strand_(network.strand()), clock_(strand_) {}

  [[nodiscard]] boost::asio::any_io_executor const& strand() const { return strand_; }
  void begin(std::shared_ptr<Clause> const& clause);
  void stop(std::shared_ptr<Clause> const& clause);
  void warm(std::string const& resource);
  void close();
  [[nodiscard]] std::string resource_for(std::string const& speaker) const;

  Synthesiser::Options const options;
  std::atomic<std::uint64_t> opened = 0, sessions = 0, cancelled = 0;

 private:
  struct Line {
    enum class State { opening, idle, starting, speaking, cancelling, draining };
    std::string resource, log_id;
    State state = State::opening;
    std::shared_ptr<net::WebSocket> socket;
    std::shared_ptr<Clause> clause;
    std::string session;    ///< of the clause that is current or is running dry
    core::Instant since{};  ///< of the state
    bool used = false;      ///< has carried a session
  };
  using LineAt = std::shared_ptr<Line>;

  void dispatch();
  void open_line(std::string const& resource);
  void start(LineAt const& line, std::shared_ptr<Clause> const& clause);
  void take(LineAt const& line, std::string_view bytes, bool text);
  void take_event(LineAt const& line, Frame& frame);
  void sound(Line& line, std::string_view bytes);
  void finished(LineAt const& line, Said const& said);
  void rest(Line& line);
  void ended(LineAt const& line, net::WebSocket::Ended const& how);
  void lost(LineAt const& line, Verdict const& why, std::uint32_t code);
  void failed(std::shared_ptr<Clause> const& clause, Verdict const& why, std::uint32_t code, std::string const& log_id);
  void again_later(std::shared_ptr<Clause> const& clause);
  void tick();
  void keep_ticking();
  void remove(LineAt const& line);

  net::Network& network_;
  boost::asio::any_io_executor strand_;
  boost::asio::steady_timer clock_;
  std::list<LineAt> lines_;
  std::deque<std::shared_ptr<Clause>> waiting_;
  std::map<std::string, core::Instant> last_used_;  // resource → when
  bool ticking_ = false, closed_ = false;
};

}  // namespace parley::cloud::volcengine
