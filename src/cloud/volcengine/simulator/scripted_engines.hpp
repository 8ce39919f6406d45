#pragma once
// Engines that know their lines, for simulating a service on a machine without models and for measuring everything but the
// models: what was said is the next line of a script, answers repeat what was asked, and speech is a hum as long as the text.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "language/model.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::volcengine {

/// Gives the lines one after the other, one a stream; a stream without sound gets an empty text. A partial has as much of its
/// line as has been said in the loud sound up to `lag` ago. A line may end in a tab and the milliseconds of loud sound that it
/// takes: a stream with less ends in the middle of it, and the next one goes on; of others a Chinese character takes 160 ms
/// (Kokoro says one in 162–193), a letter or space 55, a mark none.
[[nodiscard]] std::shared_ptr<speech::Recogniser const> scripted_recogniser(
    std::vector<std::string> const& lines, std::chrono::milliseconds lag = std::chrono::milliseconds(0));
/// Answers with two sentences in the language of the question, the question in the first, a few characters a piece.
[[nodiscard]] std::shared_ptr<language::Model> scripted_model();
/// 60 ms of a 220 Hz hum a character, in blocks of 100 ms.
[[nodiscard]] std::shared_ptr<speech::Synthesiser const> scripted_synthesiser();

}  // namespace parley::cloud::volcengine
