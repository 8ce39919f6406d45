#pragma once
// What the server says in the Realtime protocol (OpenAI Realtime GA): one function for one event, each returns its JSON bytes.
// Every event has a fresh `event_id`. Only types that every stock client knows are here, and `parley.…` for those who
// asked for it.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "audio/format.hpp"
#include "conversation/command.hpp"
#include "server/field_reader.hpp"
#include "server/protocol_error.hpp"

namespace parley::server {

/// The public face of one answer, as its events need it.
struct ResponseFace {
  std::string response, item, previous;
  std::string conversation;  ///< empty: outside of it
  bool speak = true;
  std::map<std::string, std::string> metadata;
  int output_index = 0;    ///< of its message
  Json audio, max_tokens;  ///< of the session, as they are in force
};

/// {"id", "object", "type": "message", "status", "role", "content"}; an item in progress has no content yet.
[[nodiscard]] Json item_json(conversation::Item const& item);

class EventWriter {
 public:
  using NewId = std::function<std::string(std::string_view prefix)>;
  explicit EventWriter(NewId new_id) : new_id_(std::move(new_id)) {}

  [[nodiscard]] std::string session(std::string_view type, Json const& session) const;  ///< session.created, session.updated
  [[nodiscard]] std::string error(ProtocolError const& error) const;

  [[nodiscard]] std::string speech_started(std::string const& item, std::int64_t ms) const;
  [[nodiscard]] std::string speech_stopped(std::string const& item, std::int64_t ms) const;
  [[nodiscard]] std::string committed(std::string const& item, std::string const& previous) const;
  [[nodiscard]] std::string cleared() const;
  [[nodiscard]] std::string grounds(ResponseFace const& face,
                                    language::Grounds const& grounds) const;  ///< parley.response.grounds, an extension
  [[nodiscard]] std::string turn_measured(measure::Turn const& turn) const;   ///< parley.turn.measured, an extension
  [[nodiscard]] std::string timeout_triggered(std::string const& item, std::int64_t from_ms, std::int64_t to_ms) const;

  /// conversation.item.added, .done; an empty `previous` is null: the first item.
  [[nodiscard]] std::string item(std::string_view type, conversation::Item const& item, std::string const& previous) const;
  [[nodiscard]] std::string item_retrieved(conversation::Item const& item) const;
  [[nodiscard]] std::string item_deleted(std::string const& item) const;
  [[nodiscard]] std::string item_truncated(std::string const& item, int content_index, std::int64_t end_ms) const;
  [[nodiscard]] std::string words_delta(std::string const& item, std::string const& delta) const;
  [[nodiscard]] std::string words(std::string const& item, std::string const& text, double seconds) const;
  [[nodiscard]] std::string words_failed(std::string const& item, core::Error const& error) const;

  [[nodiscard]] std::string response_created(ResponseFace const& face) const;
  /// response.output_item.added, .done
  [[nodiscard]] std::string output_item(std::string_view type, ResponseFace const& face, conversation::Item const& item,
                                        int output_index) const;
  /// response.content_part.added, .done
  [[nodiscard]] std::string content_part(std::string_view type, ResponseFace const& face, std::string const& text) const;
  /// response.output_audio_transcript.delta or response.output_text.delta
  [[nodiscard]] std::string text_delta(ResponseFace const& face, std::string const& delta) const;
  [[nodiscard]] std::string text_done(ResponseFace const& face, std::string const& text) const;
  [[nodiscard]] std::string audio_delta(ResponseFace const& face, std::string_view sound) const;
  [[nodiscard]] std::string arguments_delta(ResponseFace const& face, std::string const& item, int output_index,
                                            std::string const& call_id, std::string const& delta) const;
  [[nodiscard]] std::string arguments_done(ResponseFace const& face, conversation::Item const& item, int output_index) const;
  [[nodiscard]] std::string audio_done(ResponseFace const& face) const;
  [[nodiscard]] std::string response_done(ResponseFace const& face, conversation::ReplyEnded const& ended,
                                          bool with_message) const;
  [[nodiscard]] std::string rate_limits() const;

 private:
  [[nodiscard]] Json begin(std::string_view type) const;
  [[nodiscard]] Json begin(std::string_view type, ResponseFace const& face) const;

  NewId new_id_;
};

}  // namespace parley::server
