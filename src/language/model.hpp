#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/job.hpp"
#include "core/ledger.hpp"
#include "core/result.hpp"
#include "core/urgency.hpp"
#include "language/grounds.hpp"
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
  float presence_penalty = 0;    ///< taken off the score of what has been said at all,
  float frequency_penalty = 0;   ///< … and as often as it has been said
  std::string json_schema = {};  ///< the answer is JSON that obeys it ("{}": any object); empty: free text
  int alternatives = -1;         ///< likeliest tokens told with each token of the answer, 0 to 20; −1: no probabilities at all
};

/// A function that a model may ask to be called.
struct Tool {
  std::string name;
  std::string description;
  std::string parameters;  ///< a JSON schema as text
  bool operator==(Tool const&) const = default;
};

struct ToolChoice {
  enum class Kind { automatic, none, required, named } kind = Kind::automatic;
  std::string name = {};  ///< kind named
  bool operator==(ToolChoice const&) const = default;
};

struct GenerateRequest {
  std::vector<Message> messages;  ///< system first, then the turns, the user's last
  Sampling sampling;
  core::Urgency urgency = core::Urgency::text;
  std::vector<Tool> tools = {};
  ToolChoice tool_choice = {};
  bool raw = false;         ///< the only message's text is continued as it stands, without the model's chat template
  bool unfinished = false;  ///< the last message is left open: a local model goes on with it in its speaker's place
  bool may_shorten = true;  ///< a conversation that is too long loses its oldest turns; false: it is refused, `too_large`
  std::string client = {};  ///< whose it is; clients take turns when many wait
  std::shared_ptr<core::Ledger> ledger = {};  ///< of the call it is for; may be null
  std::string adapter = {};                   ///< of a local model (LoRA), by its name; empty: none
};

struct Usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;  ///< of the prompt, taken from a cache
  int completion_tokens = 0;
};

enum class FinishReason {
  stop,
  length,
  tool_calls,
  content_filter,  ///< the guard ended it; the text says so
};

/// One token of an answer and how likely it was among all of them, before any sampling setting.
struct TokenScore {
  struct Choice {
    std::string bytes;  ///< may end inside a character
    float logprob = 0;  ///< natural logarithm
  };
  Choice chosen;
  std::vector<Choice> likeliest;  ///< best first
};

struct Delta {
  std::string text;                     ///< whole UTF-8 characters
  std::vector<TokenScore> tokens = {};  ///< of this text, when `alternatives` asked for them
};
struct Finish {
  FinishReason reason = FinishReason::stop;
  Usage usage;
};
/// The model asks for a function. Its arguments follow, perhaps in parts; it is whole when the next call begins or the answer
/// finishes. Only what whoever asked offered as a tool is ever called.
struct ToolCallBegan {
  std::string id;  ///< unique in the answer
  std::string name;
};
struct ToolCallArguments {
  std::string id;
  std::string delta;  ///< the parts joined are a JSON object
};
/// Deltas and tool calls, then one Finish or one Error, which is the last. Grounds: when passages are found for the answer, and
/// again, whole, before its Finish.
using Piece = std::variant<Delta, Finish, core::Error, ToolCallBegan, ToolCallArguments, Grounds>;

/// A language model, local or far away. Shared by all calls; thread-safe.
class Model {
 public:
  using Sink = std::function<void(Piece)>;  ///< in order, from any thread

  virtual ~Model() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual core::Job generate(GenerateRequest request, Sink sink) = 0;
  /// Reads a prompt that is likely to come (a role's instructions, the turns so far) so that `generate` finds it done.
  [[nodiscard]] virtual core::Job prepare(std::vector<Message> messages, core::Urgency urgency) = 0;
  /// The same for a prompt that comes with tools: what `generate` will be asked, less the last turn.
  [[nodiscard]] virtual core::Job read_ahead(GenerateRequest request) {
    return prepare(std::move(request.messages), request.urgency);
  }
};

}  // namespace parley::language
