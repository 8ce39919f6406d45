#pragma once
// What the end-to-end realtime dialogue (document 6561/1594356) puts into its frames. Values: no I/O.
#include <string>
#include <string_view>
#include <vector>

#include "cloud/volcengine/frame.hpp"
#include "cloud/volcengine/verdict.hpp"

namespace parley::cloud::volcengine::dialogue {

/// What a session is begun with. The client says when a turn is over (push_to_talk): the conversation that uses it knows.
struct Setup {
  std::string model;    ///< "O", "SC", "1.2.1.1", "2.2.0.0"; may be empty
  std::string speaker;  ///< may be empty: the service's own
  std::string
      instructions;   ///< system_role, or character_manifest of the SC models; what is beyond 4,000 characters is left out
  std::string style;  ///< speaking_style; may be empty
  std::vector<std::string> hot_words;
  int loudness = 0;  ///< −50…100
  struct Said {
    std::string user, assistant;
    bool operator==(Said const&) const = default;
  };
  std::vector<Said> before;  ///< what was said until now, oldest first
};

[[nodiscard]] Frame start_session(std::string const& session, Setup const& setup);
/// A new setup for a session that goes on; `before` is not part of it.
[[nodiscard]] Frame update_config(std::string const& session, Setup const& setup);
/// 16 kHz signed 16-bit little-endian sound, 20 ms and more at a time.
[[nodiscard]] Frame sound(std::string const& session, std::string pcm);
[[nodiscard]] Frame end_asr(std::string const& session);
[[nodiscard]] Frame interrupt(std::string const& session);
[[nodiscard]] Frame say_hello(std::string const& session, std::string_view text);
/// A whole text to be spoken as it stands.
[[nodiscard]] Frame own_text(std::string const& session, std::string_view text);
/// Asks in writing.
[[nodiscard]] Frame text_query(std::string const& session, std::string_view text);
/// What was heard of an answer, in place of what was written.
[[nodiscard]] Frame correction(std::string const& session, std::string const& item, std::string_view text);

/// Of the service; what an event does not have stays empty.
struct News {
  std::int32_t event = 0;
  std::string question, reply;  ///< numbers of the turn and of its answer
  std::string text;             ///< transcript (451), sentence (350), delta of the answer (550)
  bool interim = false;         ///< the transcript may change
  bool own = false;             ///< the sentence is one of own_text
  std::string sound;            ///< pcm16 at 24 kHz, perhaps cut in the middle of a sample
  Said said;                    ///< of failures
  int prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
};
/// `invalid` when it carries no event, or JSON that is none.
[[nodiscard]] core::Result<News> read(Frame const& frame);

}  // namespace parley::cloud::volcengine::dialogue
