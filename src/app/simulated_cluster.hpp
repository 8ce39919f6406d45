#pragma once
// An OpenAI-compatible server without a model, that answers at the pace of a cluster of cards: what load tests stand in front
// of.
//
// It steps like continuous batching does: every step gives each answer that is being written one token, and takes a little
// longer or shorter than the one before; an answer begins after the time that reading its prompt takes, and waits before that
// when all slots are taken. Its words are always the same.
#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"

namespace parley::app {

struct ClusterOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  std::string model = "simulated";
  double first_token_ms = 120;     ///< from the request to its first token, when a slot is free
  double tokens_per_second = 160;  ///< of each answer; 0: everything at once
  double jitter = 0.1;             ///< of both, as a share: the standard deviation
  std::size_t slots = 256;         ///< answers written at once
  int answer_tokens = 200;         ///< of an answer, unless the client wants fewer
  std::uint32_t seed = 1;
};

class SimulatedCluster {
 public:
  /// Errors: those of a server that cannot listen.
  [[nodiscard]] static core::Result<std::unique_ptr<SimulatedCluster>> start(ClusterOptions options);
  ~SimulatedCluster();
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Implementation;
  explicit SimulatedCluster(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace parley::app
