#pragma once
// The WebSockets of one Synthesiser and the clauses that wait for them.
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <list>
#include <map>

#include "cloud/volcengine/clause.hpp"

namespace parley::cloud::volcengine {

class Speaking final : public Carrier {
 public:
  Speaking(net::Network& network, Synthesiser::Options wanted) : Carrier(network, std::move(wanted)), clock_(strand_) {}

  void begin(ClauseAt const& clause) override;
  void stop(ClauseAt const& clause) override;
  void warm(std::string const& resource) override;
  void close() override;

 private:
  struct Line {
    enum class State { opening, idle, starting, speaking, cancelling, draining };
    std::string resource, log_id;
    State state = State::opening;
    std::shared_ptr<net::WebSocket> socket;
    ClauseAt clause;
    std::string session;    ///< of the clause that is current or is running dry
    core::Instant since{};  ///< of the state
  };
  using LineAt = std::shared_ptr<Line>;

  void dispatch();
  void open_line(std::string const& resource);
  void start(LineAt const& line, ClauseAt const& clause);
  void take(LineAt const& line, std::string_view bytes, bool text);
  void started(Line& line);
  void finished(LineAt const& line, Said const& said);
  static void rest(Line& line);
  void ended(LineAt const& line, net::WebSocket::Ended const& how);
  void lost(LineAt const& line, Verdict const& why, std::uint32_t code);
  void again(ClauseAt const& clause) override;
  void tick();
  void keep_ticking();
  void remove(LineAt const& line);

  boost::asio::steady_timer clock_;
  std::list<LineAt> lines_;
  std::deque<ClauseAt> waiting_;
  std::map<std::string, core::Instant> last_used_;  // resource → when
  bool ticking_ = false;
};

}  // namespace parley::cloud::volcengine
