#pragma once
// Everything that can happen to a call. Together with the time, this is all a Conversation ever learns: a list of (time, Event)
// replays a call exactly.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "audio/format.hpp"
#include "conversation/item.hpp"
#include "conversation/settings.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "language/model.hpp"

namespace parley::conversation {

// ---- from the person's side -------------------------------------------------------------------------------------------

/// 32 ms of the microphone were looked at. `end` is the position behind the frame.
struct FrameHeard {
  audio::Heard end;
  float voice = 0;        ///< probability of a voice
  float level_db = -100;  ///< dBFS
};
struct SettingsChanged {
  Settings settings;
};
/// Manual turns: what was heard since the last commitment is the user's turn.
struct CommitAsked {};
struct ClearAsked {};
struct ItemAdded {
  Item item;                         ///< `id` may be empty: one is made
  std::optional<std::string> after;  ///< absent: at the end; "root": first
};
struct ItemDeleted {
  std::string item;
};
/// The person's player says how much of an answer was heard. Beyond the end it is clamped.
struct ItemTruncated {
  std::string item;
  int content_index = 0;
  std::int64_t audio_end_ms = 0;
};
/// Everything that one answer may do differently from the settings.
struct ReplyAsked {
  ReplyOverrides overrides;
};
struct ReplyCancelled {
  std::optional<std::string> response;  ///< its public id; absent: the current one
};
/// A tool of our own has been carried out: its result becomes an item, and when no other call of that answer is open, the
/// model goes on by itself. (A client that carries tools out itself says ItemAdded and ReplyAsked.) Ignored for a call that is
/// not open.
struct ToolAnswered {
  std::string call_id;
  std::string output;
};
/// The call is to end as soon as nobody is in the middle of anything (the program is ending): what is being said, asked and
/// answered goes on to its end, then comes CallOver. Nobody is spoken to first any more.
struct EndAsked {};
struct HungUp {};

// ---- from the engines; the numbers say what they belong to, late ones are ignored -------------------------------------------

struct TranscriptArrived {
  core::UtteranceId utterance;
  std::uint64_t revision = 0;  ///< 0: told unasked by a recogniser that listens along; it lags behind the sound
  core::Result<std::string> text;
};
struct EndPredicted {
  core::UtteranceId utterance;
  std::uint64_t revision = 0;
  core::Result<float> probability;
};
struct TextEndPredicted {
  core::UtteranceId utterance;
  std::uint64_t revision = 0;
  core::Result<float> probability;
};
struct PieceArrived {
  core::ReplyId reply;
  language::Piece piece;
};
struct SoundArrived {
  core::ReplyId reply;
  int clause = 0;                ///< counts from 0 within the reply
  audio::SharedSamples samples;  ///< 24 kHz
  bool last = false;             ///< of this clause
};
struct SoundFailed {
  core::ReplyId reply;
  int clause = 0;
  core::Error error;
};
/// A moment the conversation has asked for with `wake_at` has come.
struct Woken {};

using Event = std::variant<FrameHeard, SettingsChanged, CommitAsked, ClearAsked, ItemAdded, ItemDeleted, ItemTruncated,
                           ReplyAsked, ReplyCancelled, ToolAnswered, EndAsked, HungUp, TranscriptArrived, EndPredicted,
                           TextEndPredicted, PieceArrived, SoundArrived, SoundFailed, Woken>;

}  // namespace parley::conversation
