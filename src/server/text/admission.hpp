#pragma once
// Whether one more request is taken: by what has been measured of those before it. A value: it knows no clock, no thread and no
// model, and so works for a model of this machine as for one far away.
//
// Two promises can be asked for. `longest_wait`: who is taken hears the first word within it; as many may wait as that allows.
// `slowdown`: nobody is taken who would make an answer take more than so many times what it takes alone; so nobody waits at
// all. Who is not taken is told when a place is expected to be free, each a later one.
#include <array>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <string>

namespace parley::server {

struct AdmissionLimits {
  double longest_wait = 20;  ///< seconds; 0: any
  double slowdown = 0;       ///< 1.5: half as long again; 0: any
};

/// Times are seconds on any one clock.
class Admission {
 public:
  using Ticket = std::uint64_t;

  explicit Admission(AdmissionLimits limits) : limits_(limits) {}

  /// A ticket, or the seconds after which to come again. `client`: whose it is; those who ask for less are taken before those
  /// who ask for more. `tokens`: the most that its answer may have; 0: nothing is to be learnt from it.
  [[nodiscard]] std::expected<Ticket, double> arrive(std::string const& client, int tokens, double now);
  /// A token of its answer has come.
  void token(Ticket ticket, double now);
  /// It is over, answered or not.
  void leave(Ticket ticket, double now);

  [[nodiscard]] int places() const;  ///< answers written at once under `slowdown`; the most there are without it
  /// Requests a second, as measured: of twice as many that come at random, so many are answered. 0: nothing is known yet.
  [[nodiscard]] double sustainable_rate() const;
  [[nodiscard]] std::size_t in_flight() const { return live_.size(); }

 private:
  static constexpr std::size_t most_known = 64;  ///< answers at once whose pace is told apart

  struct Live {
    std::string client;
    int most = 0, written = 0;
    double came = 0, last = 0;
    std::size_t beside = 0;  ///< those there when it came, itself included
  };
  /// A mean that forgets, for each number of answers at once.
  struct ByLoad {
    struct Mean {
      double value = 0, at = 0;
      int count = 0;
    };
    std::array<Mean, most_known + 1> means{};
    void learn(std::size_t load, double value, double now);
    [[nodiscard]] bool knows(std::size_t load, double now) const;
    /// What is not known is guessed from those below it.
    [[nodiscard]] double guess(std::size_t load, double now) const;
  };

  [[nodiscard]] std::size_t waiting_ahead_of(std::string const& client) const;
  [[nodiscard]] double expected_wait(std::string const& client, double now) const;
  [[nodiscard]] double expected_time(std::size_t load, int tokens, double now) const;
  [[nodiscard]] bool fits(std::size_t load, int tokens, double now) const;
  [[nodiscard]] bool is_over_share(std::string const& client, double now);
  [[nodiscard]] std::size_t promised_before(std::string const& client, double now);
  [[nodiscard]] double next_free(std::string const& client, double now);
  [[nodiscard]] double refuse(std::string const& client, double after, double now);

  AdmissionLimits limits_;
  std::map<Ticket, Live> live_;
  std::size_t writing_ = 0;  ///< of them have begun
  Ticket last_ticket_ = 0;
  ByLoad first_, pace_;        ///< seconds to the first token, and between tokens
  double begin_interval_ = 0;  ///< between two first tokens while others wait, a mean
  double last_begin_ = 0;
  double duration_ = 0;  ///< of a whole answer, a mean
  double tokens_ = 0;    ///< asked for, a mean
  double now_ = 0;
  std::map<std::string, std::deque<double>, std::less<>> promised_;  ///< when those who were refused will come again
  std::map<std::string, double, std::less<>> refused_;               ///< client → until when it is waited for
  std::map<std::string, Ticket, std::less<>> last_turn_;
};

}  // namespace parley::server
