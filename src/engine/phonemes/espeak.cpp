#include "engine/phonemes/espeak.hpp"

#include <algorithm>
#include <cctype>
#include <ranges>

#include "core/utf8.hpp"
#include "engine/phonemes/process.hpp"

namespace parley::engine {
namespace {

bool is_word_character(char32_t c) { return core::is_ascii_digit(c) || core::is_latin_letter(c); }

char mark_of(char32_t c) {
  switch (c) {
    case U',':
    case U'，':
    case U'、':
    case U'—':
    case U'–':
    case U'…': return ',';
    case U'.':
    case U'。':
    case U'．': return '.';
    case U'!':
    case U'！': return '!';
    case U'?':
    case U'？': return '?';
    case U';':
    case U'；': return ';';
    case U':':
    case U'：': return ':';
    default: return 0;
  }
}

bool has_sound(std::string_view part) {
  return std::ranges::any_of(core::decode_utf8(part), [](char32_t c) {
    return is_word_character(c) || (c >= 0x370 && !core::is_cjk_punctuation(c) && !core::is_emoji(c) && !core::is_space(c) &&
                                    !(c >= 0x2000 && c < 0x2C00));
  });
}

// One line, and nothing that espeak-ng takes for markup ([[phonemes]], <tags>) or for the end of a clause.
std::string harmless(std::string_view part) {
  std::string clean;
  for (auto const c : core::decode_utf8(part)) {
    constexpr std::u32string_view unwelcome = U"[]{}<>()|\\\"“”«»`~^_*#=";
    auto const control = c < 0x20 || c == 0x7F || c == 0xFFFD;
    auto const next = control || core::is_space(c) || unwelcome.find(c) != std::u32string_view::npos ? U' '
                      : c == U'’'                                                                    ? U'\''
                                                                                                     : c;
    if (next == U' ' && (clean.empty() || clean.back() == ' ')) continue;
    core::append_utf8(clean, next);
  }
  if (!clean.empty() && clean.back() == ' ') clean.pop_back();
  return clean;
}

// Drops "(en)", the note that a word was read in another language, and makes all white space single.
void append_tidied(std::string& into, std::string_view line) {
  auto pending_space = !into.empty();
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '(') {
      auto const end = line.find(')', i);
      if (end == std::string_view::npos) continue;
      i = end;
    } else if (line[i] == ' ' || line[i] == '\r') {
      pending_space = !into.empty();
    } else {
      if (pending_space && !into.empty()) into.push_back(' ');
      pending_space = false;
      into.push_back(line[i]);
    }
  }
}

std::vector<std::string> non_empty_lines(std::string_view output) {
  std::vector<std::string> lines;
  for (auto const range : std::views::split(output, '\n')) {
    std::string tidy;
    append_tidied(tidy, std::string_view(range.begin(), range.end()));
    if (!tidy.empty()) lines.push_back(std::move(tidy));
  }
  return lines;
}

bool is_voice_name(std::string_view voice) {
  return !voice.empty() && voice.front() != '-' &&
         std::ranges::all_of(voice, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '+'; });
}

std::string key_of(std::string const& part, std::string const& voice, Ties ties) {
  return voice + (ties == Ties::caret ? "^" : " ") + part;
}

}  // namespace

std::vector<MarkedPart> split_at_marks(std::string_view text) {
  auto const all = core::decode_utf8(text);
  std::vector<MarkedPart> parts(1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto const mark = mark_of(all[i]);
    auto const inside_word =
        all[i] < 0x80 && i > 0 && i + 1 < all.size() && is_word_character(all[i - 1]) && is_word_character(all[i + 1]);
    if (mark == 0 || inside_word) {
      core::append_utf8(parts.back().text, all[i]);
    } else if (!has_sound(parts.back().text) && parts.size() > 1) {
      // "?!", "...": one pause, with the tune of the stronger mark.
      auto& before = parts[parts.size() - 2].mark;
      if (mark == '?' || (mark == '!' && before != '?')) before = mark;
      parts.back().text.clear();
    } else {
      parts.back().mark = mark;
      parts.emplace_back();
    }
  }
  if (!has_sound(parts.back().text)) parts.pop_back();
  return parts;
}

core::Result<std::string> Espeak::phonemes(std::string_view text, std::string const& voice) const {
  auto const parts = split_at_marks(text);
  std::vector<std::string> texts;
  for (auto const& part : parts) texts.push_back(part.text);
  auto spoken = phonemes_of(texts, voice, Ties::none);
  if (!spoken) return std::unexpected(spoken.error());
  std::string joined;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!joined.empty() && !(*spoken)[i].empty()) joined.push_back(' ');
    joined += (*spoken)[i];
    if (parts[i].mark != 0) joined.push_back(parts[i].mark);
  }
  return joined;
}

core::Result<std::vector<std::string>> Espeak::phonemes_of(std::vector<std::string> const& parts, std::string const& voice,
                                                           Ties ties) const {
  if (!is_voice_name(voice)) {
    return core::fail(core::Code::invalid, "\"" + voice + "\" is no name of an espeak-ng voice; see espeak-ng --voices", voice);
  }
  std::vector<std::string> result(parts.size());
  std::vector<std::string> unknown;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto clean = harmless(parts[i]);
    if (!has_sound(clean) || recall(key_of(clean, voice, ties), result[i])) continue;
    unknown.push_back(std::move(clean));
    places.push_back(i);
  }
  if (unknown.empty()) return result;

  auto answers = ask(unknown, voice, ties);
  if (!answers) return std::unexpected(answers.error());
  if (answers->size() != unknown.size()) {
    // A part was silent or was read in two breaths, and which one cannot be told: ask for each alone.
    std::vector<std::string> apart;
    for (auto const& part : unknown) {
      auto lines = ask({part}, voice, ties);
      if (!lines) return std::unexpected(lines.error());
      std::string joined;
      for (auto const& line : *lines) append_tidied(joined, line);
      apart.push_back(std::move(joined));
    }
    answers = std::move(apart);
  }
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    result[places[i]] = (*answers)[i];
    remember(key_of(unknown[i], voice, ties), std::move((*answers)[i]));
  }
  return result;
}

core::Result<std::vector<std::string>> Espeak::ask(std::vector<std::string> const& parts, std::string const& voice,
                                                   Ties ties) const {
  std::string input;
  for (auto const& part : parts) input += part + "\n\n";  // an empty line ends a clause without a tune of its own
  std::vector<std::string> arguments{options_.program, "-q", "--ipa", "-b", "1", "-v", voice, "--stdin"};
  if (ties == Ties::caret) arguments.insert(arguments.begin() + 3, "--tie=^");
  auto const done = run_process(arguments, input, options_.timeout);
  if (!done) return std::unexpected(done.error());
  if (done->exit_code != 0) {
    if (done->errors.find("voice does not exist") != std::string::npos) {
      return core::fail(core::Code::invalid, "espeak-ng has no voice \"" + voice + "\"; see espeak-ng --voices", voice);
    }
    return core::fail(core::Code::internal,
                      "espeak-ng ended with code " + std::to_string(done->exit_code) + ": " + done->errors.substr(0, 200),
                      voice);
  }
  return non_empty_lines(done->output);
}

bool Espeak::recall(std::string const& key, std::string& phonemes) const {
  std::lock_guard lock(mutex_);
  auto const found = by_key_.find(key);
  if (found == by_key_.end()) return false;
  entries_.splice(entries_.begin(), entries_, found->second);
  phonemes = found->second->second;
  return true;
}

void Espeak::remember(std::string key, std::string phonemes) const {
  std::lock_guard lock(mutex_);
  if (options_.remembered == 0 || by_key_.contains(key)) return;
  if (entries_.size() >= options_.remembered) {
    by_key_.erase(entries_.back().first);
    entries_.pop_back();
  }
  entries_.emplace_front(std::move(key), std::move(phonemes));
  by_key_.emplace(entries_.front().first, entries_.begin());
}

}  // namespace parley::engine
