#pragma once
// Several synthesisers as one, and who speaks for whom: a role names a voice of one house, and in another house that voice has
// a stand-in. A clause that breaks off is begun again by the next, and what was heard of it is left out there.
#include <map>

#include "cloud/resilience/providers.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud {

class FailoverSynthesiser final : public speech::Synthesiser {
 public:
  struct Speaker {
    std::string name;  ///< of the service; voices that begin with it and a colon are its own
    std::shared_ptr<speech::Synthesiser const> synthesiser;
    bool local = false;                          ///< has voices of several names, and no stand-ins
    std::map<std::string, std::string> instead;  ///< foreign voice → own
    std::map<std::string, std::string> voices;   ///< language → own, for all other foreign voices
  };

  explicit FailoverSynthesiser(std::vector<Speaker> speakers);
  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override;
  [[nodiscard]] core::Result<void> check(std::string const& voice) const override;
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override;

  /// What this speaker would say it with; empty: it cannot.
  [[nodiscard]] static std::string voice_for(Speaker const& speaker, std::string const& voice, std::string const& language);

 private:
  using List = Providers<speech::Synthesiser const>;
  /// A voice of a service is spoken there first; else the order of the list holds.
  [[nodiscard]] std::vector<std::size_t> candidates(std::string const& voice, std::string const& language) const;
  std::vector<Speaker> speakers_;
  std::shared_ptr<List> providers_;
};

}  // namespace parley::cloud
