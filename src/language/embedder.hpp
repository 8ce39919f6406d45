#pragma once
// What turns text into a vector whose nearness is nearness of meaning.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/job.hpp"
#include "core/result.hpp"
#include "core/urgency.hpp"

namespace parley::language {

using Vector = std::vector<float>;  ///< of length 1, so that a product is a cosine

/// Models of this kind treat what is asked and what is found differently.
enum class Purpose : std::uint8_t { query, passage };

/// An embedding model, local or far away. Shared by all; thread-safe.
class Embedder {
 public:
  /// Once, from any thread: one vector a text, in their order, or an error. Not called when the job is dropped before.
  using Sink = std::function<void(core::Result<std::vector<Vector>>)>;

  virtual ~Embedder() = default;
  /// What an index remembers: vectors of two embedders may be compared when this is the same.
  [[nodiscard]] virtual std::string identity() const = 0;
  [[nodiscard]] virtual std::size_t dimensions() const = 0;
  /// Tokens the model would read of the text, its purpose's prefix and its end marks included, and the most it can read.
  /// Zero: only the service that it is behind knows.
  [[nodiscard]] virtual std::size_t count_tokens(std::string const& /*text*/, Purpose /*purpose*/) const { return 0; }
  [[nodiscard]] virtual std::size_t most_tokens() const { return 0; }
  /// Text beyond what the model can read (512 tokens for most) does not count.
  [[nodiscard]] virtual core::Job embed(std::vector<std::string> texts, Purpose purpose, core::Urgency urgency, Sink sink) = 0;
};

/// Waits for the vectors. Not from the arbiter's thread.
[[nodiscard]] core::Result<std::vector<Vector>> embed_now(Embedder& embedder, std::vector<std::string> texts, Purpose purpose,
                                                          core::Urgency urgency);

}  // namespace parley::language
