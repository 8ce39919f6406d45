#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/job.hpp"
#include "core/result.hpp"
#include "core/urgency.hpp"
#include "language/message.hpp"

namespace parley::language {

struct Sampling {
  float temperature = 0.7F;  ///< 0: always the most likely token
  float top_p = 0.9F;
  int top_k = 40;
  float repeat_penalty = 1.05F;
  int max_tokens = 256;
  std::uint32_t seed = 0;  ///< 0: a new one each time
  std::vector<std::string> stop;
};

struct GenerateRequest {
  std::vector<Message> messages;  ///< system first, then the turns, the user's last
  Sampling sampling;
  core::Urgency urgency = core::Urgency::text;
};

struct Usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;  ///< of the prompt, taken from a cache
  int completion_tokens = 0;
};

enum class FinishReason { stop, length };

struct Delta {
  std::string text;  ///< whole UTF-8 characters
};
struct Finish {
  FinishReason reason = FinishReason::stop;
  Usage usage;
};
/// Deltas, then one Finish or one Error, which is the last.
using Piece = std::variant<Delta, Finish, core::Error>;

/// A language model, local or far away. Shared by all calls; thread-safe.
class Model {
 public:
  using Sink = std::function<void(Piece)>;  ///< in order, from any thread

  virtual ~Model() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual core::Job generate(GenerateRequest request, Sink sink) = 0;
  /// Reads a prompt that is likely to come (a role's instructions, the turns so far) so that `generate` finds it done.
  [[nodiscard]] virtual core::Job prepare(std::vector<Message> messages, core::Urgency urgency) = 0;
};

}  // namespace parley::language
