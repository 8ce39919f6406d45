#pragma once
// What a call may be told to do, by its role and by the client. Plain values; checked by whoever builds them.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conversation/item.hpp"
#include "language/model.hpp"

namespace parley::conversation {

using Milliseconds = std::chrono::milliseconds;

/// How the end of a turn is found.
struct TurnTaking {
  enum class Kind {
    manual,    // only CommitAsked and ReplyAsked
    silence,   // `silence` without a voice ends the turn (server_vad)
    semantic,  // a pause plus the end-of-turn model decides; `longest_wait` at most (semantic_vad)
  };
  Kind kind = Kind::semantic;
  float threshold = 0.5F;            ///< voice probability that counts as speech
  Milliseconds prefix{300};          ///< sound kept from before the first voiced frame
  Milliseconds silence{500};         ///< kind silence: this long a pause is the end
  Milliseconds shortest_pause{128};  ///< kind semantic: the end-of-turn model listens to a pause of this length first
  Milliseconds longest_wait{2000};   ///< kind semantic: a pause this long is the end whatever the model thinks
  float finished = 0.5F;             ///< kind semantic: P(finished) at which the turn ends
  bool reads_text = false;           ///< kind semantic: PredictTextEnd is answered; set by whoever carries the call
  bool create_reply = true;          ///< answer when a turn has ended
  bool interrupt_reply = true;       ///< a voice stops the answer that is being spoken
  std::optional<Milliseconds> idle;  ///< speak first when nobody has said anything for so long after an answer
};

struct Settings {
  std::string instructions;     ///< the system message
  std::string language = "zh";  ///< the role's; "zh" or "en"; a clause in another script is spoken by a voice that can
  std::map<std::string, std::string> voices;  ///< language → voice
  float speed = 1.0F;
  bool speak = true;             ///< false: text-only answers
  bool transcribe = true;        ///< whether the client wants to be told the user's words
  std::string hearing_language;  ///< for the recogniser; empty: detect
  std::string hearing_prompt;
  bool echo_guard = false;    ///< the microphone hears the player: take it out (echo_guard.hpp)
  bool player_holds = false;  ///< the player understands PlayHeld and PlayResumed
  language::Sampling sampling;
  TurnTaking turns;
  std::vector<language::Tool> tools;  ///< what the model may ask for; whoever set them carries them out
  language::ToolChoice tool_choice;
};

struct ReplyOverrides {
  std::optional<std::string> instructions;
  std::optional<std::map<std::string, std::string>> voices;
  std::optional<bool> speak;
  std::optional<int> max_tokens;
  std::optional<std::string> say;               ///< speak exactly this instead of asking the model (a greeting)
  bool outside = false;                         ///< conversation: "none": nothing is written to the history
  std::optional<std::vector<Item>> input;       ///< replaces the history as the context
  std::map<std::string, std::string> metadata;  ///< echoed
  std::optional<std::vector<language::Tool>> tools = {};
  std::optional<language::ToolChoice> tool_choice = {};
};

}  // namespace parley::conversation
