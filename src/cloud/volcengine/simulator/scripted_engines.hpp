#pragma once
// Engines that know their lines, for simulating a service on a machine without models and for measuring everything but the
// models: what was said is the next line of a script, answers repeat what was asked, and speech is a hum as long as the text.
#include <string>
#include <vector>

#include "language/model.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::volcengine {

/// Gives the lines one after the other, one a stream; a stream without sound gets an empty text. A partial has as much of its
/// line as can have been said in the loud sound so far: a Chinese character in 160 ms, a letter in 55 (Kokoro says one in
/// 162–193).
[[nodiscard]] std::shared_ptr<speech::Recogniser const> scripted_recogniser(std::vector<std::string> lines);
/// Answers with two sentences in the language of the question, the question in the first, a few characters a piece.
[[nodiscard]] std::shared_ptr<language::Model> scripted_model();
/// 60 ms of a 220 Hz hum a character, in blocks of 100 ms.
[[nodiscard]] std::shared_ptr<speech::Synthesiser const> scripted_synthesiser();

}  // namespace parley::cloud::volcengine
