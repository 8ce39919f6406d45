#pragma once
// One service from its configuration, of each kind. Errors name the service; keys are read here and nowhere else.
#include <memory>
#include <string>

#include "app/services_config.hpp"
#include "cloud/volcengine/dialogue/dialogue.hpp"
#include "core/result.hpp"
#include "language/embedder.hpp"
#include "language/model.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::net {
class Network;
}

namespace parley::app {

template <class T>
using Made = core::Result<std::shared_ptr<T>>;
using cloud::net::Network;

[[nodiscard]] Made<language::Model> make_chat(Network& network, std::string const& name, ServiceConfig const& service);
[[nodiscard]] Made<language::Embedder> make_embedder(Network& network, std::string const& name, ServiceConfig const& service);
[[nodiscard]] Made<speech::Recogniser const> make_transcription(Network& network, std::string const& name,
                                                                ServiceConfig const& service);
[[nodiscard]] Made<speech::Synthesiser const> make_speech(Network& network, std::string const& name,
                                                          ServiceConfig const& service);
[[nodiscard]] Made<speech::Recogniser const> make_volcengine_recogniser(Network& network, std::string const& name,
                                                                        ServiceConfig const& service);
[[nodiscard]] Made<speech::Synthesiser const> make_volcengine_synthesiser(Network& network, std::string const& name,
                                                                          ServiceConfig const& service);

/// Of one call; nothing is connected yet.
[[nodiscard]] core::Result<cloud::volcengine::dialogue::Options> volcengine_dialogue(std::string const& name,
                                                                                     ServiceConfig const& service);

/// "service:voice", whether or not it was written so.
[[nodiscard]] std::string own_voice(std::string const& voice, std::string const& service);

}  // namespace parley::app
