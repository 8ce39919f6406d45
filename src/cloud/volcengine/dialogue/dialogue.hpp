#pragma once
// Volcengine's end-to-end realtime dialogue, in which the service itself hears, thinks and speaks, as the recogniser, model and
// synthesiser of one call. The three are faces of one session: the recogniser sends the sound and ends the turn, the model's
// answer is what the service writes, and a clause of that answer is spoken with the service's own sound of it. So the
// conversation above stays the one that takes turns, is interrupted and keeps the history, and whatever it says that the
// service did not (a greeting, an apology, what a guard has changed) the service is given to speak word for word.
//
// The rules by which the faces fit together:
//  - Sound flows while nothing that is wanted arrives: a voice into an answer is held until the conversation has decided.
//  - A turn ends when a final transcript is asked for (EndASR). If the speaker goes on, the answer begun is given up
//    (ClientInterrupt) and what follows is a turn of its own; the transcript is both, one after the other.
//  - The answer to the last turn is the model's when it is asked with the very words that were heard; with any others
//    (passages of a knowledge base before them, a written message) the service is asked anew, in writing.
//  - The history of the conversation is the truth: a session that is opened again is told what was heard until then, and of an
//    interrupted answer the service is told how far it was heard.
#include <chrono>
#include <memory>

#include "cloud/net/network.hpp"
#include "cloud/volcengine/account.hpp"
#include "language/model.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::volcengine::dialogue {

struct Options {
  std::string service;   ///< its name in the configuration, for messages
  net::Address address;  ///< wss://…/api/v3/realtime/dialogue
  Account account;
  std::string app_key;  ///< of the old console only: the fixed value that document 6561/1594356 prints
  std::string resource = "volc.speech.dialog";
  std::string model, speaker, style;
  int loudness = 0;
  std::chrono::milliseconds open_within{5'000};
  std::chrono::milliseconds first_within{4'000};  ///< the transcript, and then the first words of the answer
  std::chrono::milliseconds between{5'000};
};

/// Of one call. Tools are not offered to the service, which has none; the voice is the session's.
struct Faces {
  std::shared_ptr<speech::Recogniser const> recogniser;
  std::shared_ptr<language::Model> model;
  std::shared_ptr<speech::Synthesiser const> synthesiser;
};

/// Nothing is connected before the first word. The session ends with the last of the faces; `network` must live longer.
[[nodiscard]] Faces open(net::Network& network, Options options);

}  // namespace parley::cloud::volcengine::dialogue
