#pragma once
// What the gate has done, in numbers: nothing in it could be a secret. Thread-safe.
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "guard/rule.hpp"

namespace parley::guard {

class Report {
 public:
  struct Flow {
    std::uint64_t streams = 0;      ///< gates opened
    std::uint64_t streams_hit = 0;  ///< with at least one finding: the sensitive-hit rate is streams_hit / streams
    std::uint64_t refused = 0;
    std::uint64_t bytes = 0;
    std::uint64_t most_held_bytes = 0;  ///< at once, in one stream
    std::chrono::nanoseconds spent{0};  ///< inside the gate
    std::chrono::nanoseconds longest_push{0};
  };
  struct Snapshot {
    std::map<Direction, Flow> flows;
    std::map<std::tuple<std::string, Direction, Action, std::string>, std::uint64_t> hits;  ///< by rule, …, client
  };

  /// `client`: the id of a key, never the key; empty: none.
  void count(std::string const& rule, Direction direction, Action action, std::string const& client = {});
  void add(Direction direction, Flow const& flow);
  [[nodiscard]] Snapshot snapshot() const;

 private:
  mutable std::mutex mutex_;
  Snapshot counted_;
};

/// For a person, one line: "12 of 340 texts held something (cn_mobile 9, email 3), 1 was refused; 0.02 ms a text, at most 61
/// bytes held".
[[nodiscard]] std::string summary(Report::Snapshot const& snapshot);

/// The lines of a Prometheus exposition: parley_guard_hits_total{rule=…,direction=…,action=…,key=…} and the flows' figures.
[[nodiscard]] std::string prometheus(Report::Snapshot const& snapshot);

}  // namespace parley::guard
