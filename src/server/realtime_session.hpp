#pragma once
// One session of the Realtime protocol as a value: bytes of the client in, events for the conversation out; news of the
// conversation in, bytes for the client out. No sockets, no threads, no clock.
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audio/format.hpp"
#include "conversation/command.hpp"
#include "conversation/event.hpp"
#include "server/pending_wishes.hpp"
#include "server/realtime_events.hpp"
#include "server/realtime_message.hpp"
#include "server/session_config.hpp"
#include "server/sound_format.hpp"

namespace parley::server {

/// One message for the client. Sound carries its reply's number, so that what waits in a queue can still be thrown away.
struct Outgoing {
  std::string text;
  core::ReplyId sound_of;  ///< 0: not sound
};

class RealtimeSession {
 public:
  struct Opening {
    SessionConfig::Identity identity;  ///< an empty id is made
    conversation::Settings role;
    Voices voices;
    EventWriter::NewId new_id;  ///< empty: core::random_id
  };
  explicit RealtimeSession(Opening opening);

  /// Before `greet`: a session update that came with the key. One that does not fit this role is left out whole; null changes
  /// nothing.
  [[nodiscard]] std::optional<conversation::Event> preset(Json const& update);

  /// session.created: the first thing a client hears.
  [[nodiscard]] Outgoing greet() const;

  struct Intake {
    std::vector<Outgoing> out;
    audio::Samples sound;  ///< 16 kHz, to be heard before `events`
    std::vector<conversation::Event> events;
  };
  [[nodiscard]] Intake take(std::string_view message);

  [[nodiscard]] std::vector<Outgoing> tell(conversation::Command const& news);

  /// A reply whose sound must no longer leave since the last call (it was interrupted or cancelled); 0: none.
  [[nodiscard]] core::ReplyId take_silenced() { return std::exchange(silenced_, {}); }

  /// An `error` event of the server's own making (a limit that is reached).
  [[nodiscard]] Outgoing complain(ProtocolError const& error) const { return {writer_.error(error), {}}; }

  [[nodiscard]] SessionConfig const& config() const { return config_; }

 private:
  struct Reply {
    ResponseFace face;
    std::string text;
    std::optional<SoundWriter> sound;
    bool has_message = false;          ///< its message has been announced; one that only calls a function has none
    std::vector<std::string> outputs;  ///< ids of what it consists of so far, in their order
  };
  struct Entry {
    conversation::Item item;
    bool done = false;  ///< conversation.item.done has been sent
  };
  struct WaitingRetrieve {
    std::string item, event_id;
  };

  void on(SessionUpdate const& message, std::string const& event_id, Intake& intake);
  void on(AudioAppend const& message, std::string const& event_id, Intake& intake);
  void on(AudioCommit const& message, std::string const& event_id, Intake& intake);
  void on(AudioClear const& message, std::string const& event_id, Intake& intake);
  void on(ItemCreate const& message, std::string const& event_id, Intake& intake);
  void on(ItemRetrieve const& message, std::string const& event_id, Intake& intake);
  void on(ItemTruncate const& message, std::string const& event_id, Intake& intake);
  void on(ItemDelete const& message, std::string const& event_id, Intake& intake);
  void on(ResponseCreate const& message, std::string const& event_id, Intake& intake);
  void on(ResponseCancel const& message, std::string const& event_id, Intake& intake);

  using Out = std::vector<Outgoing>;
  void news(conversation::SpeechStarted const& news, Out& out);
  void news(conversation::SpeechStopped const& news, Out& out);
  void news(conversation::TurnCommitted const& news, Out& out);
  void news(conversation::ItemNews const& news, Out& out);
  void news(conversation::UserWordsGrew const& news, Out& out);
  void news(conversation::UserWords const& news, Out& out);
  void news(conversation::ReplyBegan const& news, Out& out);
  void news(conversation::ReplyText const& news, Out& out);
  void news(conversation::ReplyGrounds const& news, Out& out);
  void news(conversation::ToolCallStarted const& news, Out& out);
  void news(conversation::ToolCallDelta const& news, Out& out);
  void news(conversation::ReplySound const& news, Out& out);
  void news(conversation::ReplyEnded const& news, Out& out);
  void news(conversation::Refused const& news, Out& out);
  void news(conversation::Cleared const& news, Out& out);
  void news(conversation::IdleTimeout const& news, Out& out);
  void news(conversation::TurnMeasured const& news, Out& out);

  void announce_message(Reply& reply, Out& out);
  void send_sound(Reply const& reply, core::ReplyId id, SoundWriter::Pieces const& pieces, Out& out) const;
  void finish_calls(Reply const& reply, std::vector<conversation::Item> const& calls, Out& out);
  void announce(conversation::Item const& item, std::string const& previous, Out& out);
  void finish_item(conversation::Item const& item, std::string const& previous, Out& out);
  void answer_waiting(std::string const& item, Out& out);
  void refuse(Intake& intake, std::string code, std::string message, std::string param, std::string const& event_id) const;
  [[nodiscard]] bool knows(std::string const& item) const;
  [[nodiscard]] std::expected<conversation::ReplyOverrides, ProtocolError> overrides_of(ResponseCreate const& create) const;

  EventWriter::NewId new_id_;
  EventWriter writer_;
  SessionConfig config_;
  std::string conversation_id_;
  SoundReader ear_{SoundFormat::pcm};
  std::map<std::string, Entry> items_;
  std::map<core::ReplyId, Reply> replies_;              ///< those that are being given; sound of any other is dropped
  std::optional<conversation::UserWords> early_words_;  ///< of a turn that is not committed yet
  std::string last_item_;                               ///< of the reply that ended last
  core::ReplyId last_ended_, silenced_;
  PendingWishes wishes_;
  std::vector<WaitingRetrieve> waiting_;
};

}  // namespace parley::server
