#pragma once
// What a person at the terminal sees of a call: who said what, and how long each stage of each turn took. Or the same as JSON
// lines.
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/prices.hpp"
#include "conversation/command.hpp"

namespace parley::app {

class CallPrinter {
 public:
  CallPrinter(std::ostream& out, bool json, std::string role_name) : out_(out), json_(json), role_name_(std::move(role_name)) {}
  /// What services do for the call is told with each turn: their log ids, and what they cost.
  void follow(std::shared_ptr<core::Ledger> ledger, Prices prices);
  /// What all of it has cost, once, at the end.
  void bill();
  void on(conversation::Command const& news);
  /// A line about the call itself: which recording is being played, what had to be done to it.
  void note(std::string const& text);

  /// From the last voiced sample of a recording to the first audible one of its answer.
  void gap(std::string const& recording, core::Duration length);

  struct Totals {
    int turns = 0, replies = 0, failed = 0;
    std::vector<double> waits_ms;  ///< end of speech → first sound, per turn, by the call's own stamps
    std::vector<double> gaps_ms;   ///< the same, by the sound of recordings
  };
  [[nodiscard]] Totals const& totals() const { return totals_; }

 private:
  void reply_ended(conversation::ReplyEnded const& reply);
  void turn(measure::Turn const& turn);
  /// As a JSON list, what services have done since the last time.
  [[nodiscard]] std::string uses();

  std::ostream& out_;
  bool json_;
  std::string role_name_;
  Totals totals_;
  std::shared_ptr<core::Ledger> ledger_;
  Prices prices_;
  Bill bill_;
  std::map<std::string, measure::Turn> turns_;  // measured, and waiting for the answer to end; by the answer's item
};

}  // namespace parley::app
