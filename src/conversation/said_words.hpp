#pragma once
// What can be told from a few words alone, in Chinese and in English: whether they only say "I am listening", whether they ask
// for silence, whether they break off in the middle. Lists, no model: they are read in a microsecond, and everybody can see
// why.
#include <string>
#include <string_view>

namespace parley::conversation {

/// Only signs of listening: 嗯嗯, 对对对, 好的, "uh-huh", "yeah, okay". False for a text without words.
[[nodiscard]] bool only_listening(std::string_view text);

/// What may yet become that: 明 of 明白了, "makes" of "makes sense". Also true for what is that already.
[[nodiscard]] bool begins_like_listening(std::string_view text);

/// Begins like somebody who wants the other one to stop or who contradicts: 停, 等一下, 不对, "wait", "hold on", "no".
[[nodiscard]] bool asks_to_stop(std::string_view text);

/// What recognisers trained on films write when somebody coughs: "you", "Thank you.", 谢谢观看.
[[nodiscard]] bool heard_in_noise(std::string_view text);

/// How much the end of the text speaks for (positive) or against (negative) the sentence being over, in log-odds. A last word
/// that needs another one (因为, 那个, "and", "the") is −3; a question mark or a final particle (吗, 吧) is up to +1.5.
[[nodiscard]] float evidence_of_end(std::string_view text);

/// Letters and characters only, in lower case: "Uh-huh, 好。" → "uh huh 好". Words of letters are separated by one space.
[[nodiscard]] std::string plain_words(std::string_view text);

/// Words of letters and numbers, and single Chinese characters.
[[nodiscard]] int count_words(std::string_view text);

/// How many digits stand at the end, written as digits or in Chinese (一三八).
[[nodiscard]] int digits_at_end(std::string_view text);

/// Whether these words are part of what is being said by the answer itself: an echo. Too short a text is nobody's.
[[nodiscard]] bool is_echo_of(std::string_view heard, std::string_view said);

/// What a question asks for, as far as it changes how slowly it is answered.
enum class Expected { anything, digits, spelling };
[[nodiscard]] Expected expected_after(std::string_view answer);

}  // namespace parley::conversation
