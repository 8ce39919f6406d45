#pragma once
// Everything a Conversation wants done, as data. The first group is for the engines (the driver carries it out), the second is
// news for the person's side (the Realtime session turns it into JSON, `parley call` into sound and a printed line).
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "audio/format.hpp"
#include "conversation/item.hpp"
#include "conversation/settings.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/urgency.hpp"
#include "language/model.hpp"
#include "measure/turn.hpp"

namespace parley::conversation {

// ---- for the engines --------------------------------------------------------------------------------------------------------

/// Open a recogniser at this position of the microphone's stream; everything heard from there on is pushed into it.
struct OpenUtterance {
  core::UtteranceId utterance;
  audio::Heard from;
};
/// Transcribe what lies between the utterance's begin and now; answered by TranscriptArrived with the same numbers.
struct Transcribe {
  core::UtteranceId utterance;
  std::uint64_t revision = 0;
  core::Urgency urgency = core::Urgency::final_transcript;
};
/// Say from the sound between `from` and now whether the speaker has finished; answered by EndPredicted.
struct PredictEnd {
  core::UtteranceId utterance;
  std::uint64_t revision = 0;
  audio::Heard
      from;  ///< before the utterance's own begin when it goes on with one that was cut off: alone it would sound whole
};
/// Say from the transcript of a pause whether the sentence is finished; answered by TextEndPredicted. Only when
/// TurnTaking::reads_text.
struct PredictTextEnd {
  core::UtteranceId utterance;
  std::uint64_t revision = 0;
  language::GenerateRequest asked;  ///< as it will be for the answer; its last message is the transcript
};
struct CloseUtterance {
  core::UtteranceId utterance;
};
struct Generate {
  core::ReplyId reply;
  language::GenerateRequest request;
};
struct Prepare {
  std::vector<language::Message> messages;
  std::vector<language::Tool> tools = {};
};
struct Speak {
  core::ReplyId reply;
  int clause = 0;
  std::string text;
  std::string language;
  std::string voice;
  float speed = 1.0F;
  core::Urgency urgency = core::Urgency::first_sound;
};
/// Stop thinking and speaking for this reply.
struct Abandon {
  core::ReplyId reply;
};

// ---- news for the person's side ---------------------------------------------------------------------------------------------

/// A voice has begun. While an answer is in the air this comes only when the voice is an interruption (overlap.hpp: half a
/// second at most, often less), so a client may stop its player at once.
struct SpeechStarted {
  std::string item;  ///< the id the user's item will have
  audio::Heard at;   ///< prefix included
};
/// Somebody talks into the answer, and it is not known yet whether he means to interrupt: the player falls silent where it is
/// and keeps what it holds. Only when Settings::player_holds. Followed by PlayResumed, or by the answer's end.
struct PlayHeld {};
/// It was nothing: the player goes on from the very sample.
struct PlayResumed {};
struct SpeechStopped {
  std::string item;
  audio::Heard at;
};
/// The sound of a turn is the user's item from now on. Followed at once by ItemNews added and done of that item (without text:
/// that comes as UserWords, before or after). A SpeechStarted whose sound held no words ends with SpeechStopped and no
/// commitment.
struct TurnCommitted {
  std::string item;
  std::string previous;  ///< id of the item before, empty at the root
};
/// Of items that a client adds: added, then done. Of a user's turn: after TurnCommitted. Of an answer only `deleted` and
/// `truncated`: that it is added and done is what ReplyBegan and ReplyEnded say. `truncated` comes when the client asked for
/// it, and when a voice stops an answer whose sound had all been handed over (ReplyEnded came before): a player drops what it
/// still holds.
struct ItemNews {
  enum class What { added, done, deleted, truncated } what = What::added;
  Item item;
  std::string previous;
  int content_index = 0;
  std::int64_t audio_end_ms = 0;
};
/// Words that can be read while they are being said, before the turn is committed (it may never be). Only when
/// Settings::transcribe. Each adds to those before of the same item; UserWords replaces them all.
struct UserWordsGrew {
  std::string item;
  std::string delta;
};
/// Only when Settings::transcribe. The call goes on after an error.
struct UserWords {
  std::string item;
  core::Result<std::string> text;
  audio::Heard length;  ///< of the sound, for `usage`
};
/// Followed by exactly one ReplyEnded, whatever happens; between the two lie all its ReplyText and ReplySound.
struct ReplyBegan {
  core::ReplyId reply;
  std::string response, item;  ///< public ids
  std::string previous;
  bool speak = true;
  bool outside = false;
  std::map<std::string, std::string> metadata;
};
struct ReplyText {
  core::ReplyId reply;
  std::string delta;
};
/// What the answer stands on, when passages were looked up for it: before its first text, and again when all has been written.
struct ReplyGrounds {
  core::ReplyId reply;
  language::Grounds grounds;
};
/// The answer asks for a tool: never before its turn is committed, never for an answer that has ended. `item` is a
/// function_call in progress, new in the history behind the answer's message (which stays without text when nothing was
/// said). Followed by its ToolCallArguments and exactly one ToolCallDone, before the ReplyEnded.
struct ToolCallStarted {
  core::ReplyId reply;
  Item item;
  std::string previous;
};
struct ToolCallDelta {
  core::ReplyId reply;
  std::string item, call_id;
  std::string delta;
};
/// Only a call whose item is `completed` is to be carried out, and only once the answer has ended; one whose answer was stopped
/// is `incomplete`.
struct ToolCallDone {
  core::ReplyId reply;
  Item item;
};
struct ReplySound {
  core::ReplyId reply;
  audio::Spoken at;  ///< position of the first sample in the reply's sound
  audio::SharedSamples samples;
};
/// All that will be handed over has been (it may still be playing). With `turn_detected` a player drops what it still holds.
struct ReplyEnded {
  enum class Why { completed, turn_detected, client_cancelled, max_tokens, failed, content_filter } why = Why::completed;
  core::ReplyId reply;
  Item item;                     ///< as it stands in the history
  std::string text;              ///< all that was sent as text
  std::vector<Item> calls = {};  ///< the tools it asked for
  language::Usage usage;
  audio::Spoken sent;
  core::Error error;  ///< with `failed`
};
/// A client's wish could not be met; the call goes on.
struct Refused {
  std::string code;  ///< the protocol's own: "response_cancel_not_active", "input_audio_buffer_commit_empty", …
  core::Error error;
};
struct Cleared {};
/// After EndAsked, once: all is said and has been played. Whoever carries the call closes it.
struct CallOver {};
/// Nobody has spoken for long: an empty turn is taken (TurnCommitted and ItemNews of it follow) and answered.
struct IdleTimeout {
  std::string item;
  audio::Heard from, to;
};
/// One per answered turn, when its first sound has been handed over or it has failed.
struct TurnMeasured {
  measure::Turn turn;
};

using Command = std::variant<OpenUtterance, Transcribe, PredictEnd, PredictTextEnd, CloseUtterance, Generate, Prepare, Speak,
                             Abandon, SpeechStarted, PlayHeld, PlayResumed, SpeechStopped, TurnCommitted, ItemNews,
                             UserWordsGrew, UserWords, ReplyBegan, ReplyText, ReplyGrounds, ToolCallStarted, ToolCallDelta,
                             ToolCallDone, ReplySound, ReplyEnded, Refused, Cleared, CallOver, IdleTimeout, TurnMeasured>;

}  // namespace parley::conversation
