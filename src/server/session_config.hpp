#pragma once
// The session object of the Realtime protocol: what is in force, how `session.update` changes it, and what it means for the
// conversation. Merge rule: a field that is absent stays, null turns a section off, arrays are replaced; an update with
// anything wrong in it changes nothing.
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "conversation/settings.hpp"
#include "server/field_reader.hpp"
#include "server/protocol_error.hpp"
#include "server/sound_format.hpp"

namespace parley::server {

/// Voices this server can speak with: name → language ("kokoro:zf_xiaoxiao" → "zh"). Empty: any name is taken as it comes.
using Voices = std::map<std::string, std::string>;

/// "alloy", "marin" and the other names that stock clients send: they mean the role's own voice.
[[nodiscard]] bool is_openai_voice(std::string_view name) noexcept;

/// A mix "kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4" speaks the language of its first part. Empty when it is no mix of known voices.
[[nodiscard]] std::string language_of_mix(Voices const& known, std::string_view mix);

/// The voices of a role with `voice` in the place of that language's.
[[nodiscard]] std::expected<std::map<std::string, std::string>, ProtocolError> choose_voice(conversation::Settings const& role,
                                                                                            Voices const& known,
                                                                                            std::string const& voice,
                                                                                            std::string const& param);

class SessionConfig {
 public:
  struct Identity {
    std::string id;                       ///< "sess_…"
    std::string model;                    ///< as asked for at connect
    std::int64_t expires_at = 0;          ///< seconds since 1970
    std::string transcriber = "default";  ///< what the client is told hears the words
  };

  /// `role`: the settings of the role, in force until the client changes them.
  SessionConfig(Identity identity, conversation::Settings role, Voices voices);

  [[nodiscard]] std::expected<void, ProtocolError> merge(Json const& session);

  [[nodiscard]] Json const& object() const { return object_; }  ///< the full effective session
  [[nodiscard]] Json shown() const;  ///< what the client is told of it: a transcription session has an input and no more
  [[nodiscard]] bool only_transcribes() const { return object_["type"] == "transcription"; }
  [[nodiscard]] SoundFormat input_format() const { return format("input"); }
  [[nodiscard]] SoundFormat output_format() const { return format("output"); }
  [[nodiscard]] conversation::Settings const& settings() const { return settings_; }
  [[nodiscard]] conversation::Settings const& role() const { return role_; }
  [[nodiscard]] Voices const& voices() const { return voices_; }
  [[nodiscard]] bool client_asked_idle() const { return client_asked_idle_; }
  /// Our own extension, `session.parley.grounds`: what every answer stands on is told.
  [[nodiscard]] bool client_asked_grounds() const {
    return object_.contains("parley") && object_["parley"].value("grounds", false);
  }
  /// Our own extension, `session.parley.timings`: what every turn took is told.
  [[nodiscard]] bool client_asked_timings() const {
    return object_.contains("parley") && object_["parley"].value("timings", false);
  }

 private:
  void merge_input(FieldReader& input, Json& into, Complaint& complaint) const;
  void merge_transcription(FieldReader& input, Json& into, Complaint& complaint) const;
  void merge_output(FieldReader& output, Json& into, Complaint& complaint) const;
  [[nodiscard]] SoundFormat format(char const* side) const;
  [[nodiscard]] conversation::Settings settings_of(Json const& object) const;

  Identity identity_;
  conversation::Settings role_;
  Voices voices_;
  Json object_;
  conversation::Settings settings_;
  bool client_asked_idle_ = false;
};

}  // namespace parley::server
