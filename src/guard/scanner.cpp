#include "guard/scanner.hpp"

#include <algorithm>

#include "guard/segmentation.hpp"
#include "guard/trigger.hpp"

namespace parley::guard {
namespace {

constexpr std::string_view key_opening = "-----BEGIN ";
constexpr std::string_view key_closing = "-----END ";

/// Any word, number or address at the end of the text may still grow into something.
constexpr bool may_grow(char32_t c) noexcept {
  return is_alnum(c) || c == U'.' || c == U'_' || c == U'%' || c == U'+' || c == U'-' || c == U'/' || c == U'=' || c == U'@';
}

void hold_last_word(Segment const& segment, Findings& out) {
  auto begin = segment.text.size();
  while (begin > 0 && may_grow(segment.text.text[begin - 1])) --begin;
  // Hong Kong's check digit stands in parentheses; a country code behind a plus is in the word already.
  out.hold(begin);
}

/// Of those that overlap, the one with the higher score stays, then the longer, then the earlier.
std::vector<Candidate> without_overlaps(std::vector<Candidate> candidates) {
  std::ranges::sort(candidates, [](Candidate const& a, Candidate const& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.end - a.begin != b.end - b.begin) return a.end - a.begin > b.end - b.begin;
    return a.begin < b.begin;
  });
  std::vector<Candidate> kept;
  for (auto& candidate : candidates) {
    auto const overlaps = [&](Candidate const& k) { return candidate.begin < k.end && k.begin < candidate.end; };
    if (std::ranges::none_of(kept, overlaps)) kept.push_back(std::move(candidate));
  }
  std::ranges::sort(kept, {}, &Candidate::begin);
  return kept;
}

/// Letters and digits only, small; spoken Chinese digits as digits.
std::string key_of(NormalText const& text, std::size_t begin, std::size_t end) {
  static constexpr std::u32string_view said = U"零一二三四五六七八九";
  std::string key;
  for (auto i = begin; i < end; ++i) {
    auto const c = text.text[i] == U'幺' ? U'一' : text.text[i];
    if (is_alnum(c) || c == U'@' || c == U'.') key += static_cast<char>(lower(c));
    if (auto const digit = said.find(c); digit != std::u32string_view::npos) key += static_cast<char>('0' + digit);
    if (c >= 0x80 && said.find(c) == std::u32string_view::npos) key += std::to_string(static_cast<unsigned>(c));
  }
  return key;
}

}  // namespace

core::Result<Scanner> Scanner::compile(Policy const& policy) {
  auto injection = InjectionPhrases::compile();
  if (!injection) return std::unexpected(injection.error());
  WordLists words(policy.words);
  auto triggers = compile_triggers(words.triggers(), InjectionPhrases::triggers());
  if (!triggers) return std::unexpected(triggers.error());
  return Scanner(std::move(*triggers), std::move(*injection), std::move(words));
}

/// The pieces before `tail` in which something may stand, each from one break to another.
std::vector<Scanner::Piece> Scanner::pieces_to_read(std::string_view text, std::size_t tail) const {
  struct Sign {
    Trigger trigger;
    std::size_t end;
  };
  std::vector<Sign> signs;
  auto const before_tail = text.substr(0, tail);
  auto const scanned = triggers_.scan(
      before_tail, [&](unsigned id, std::size_t, std::size_t end) { signs.push_back({static_cast<Trigger>(id), end}); });
  if (!scanned) return {{0, tail}};  // not looked at: then all of it is read
  each_long_run(before_tail, [&](std::size_t begin, std::size_t end) {
    if (may_be_secret(text.substr(begin, end - begin))) signs.push_back({Trigger::any, end});
  });
  std::ranges::sort(signs, {}, &Sign::end);

  std::vector<Piece> pieces;
  for (auto const& [trigger, end] : signs) {
    bool const injection = trigger == Trigger::injection || trigger == Trigger::disguise;
    if (!pieces.empty() && end <= pieces.back().end && trigger != Trigger::private_key) {
      pieces.back().injection = pieces.back().injection || injection;
      continue;
    }
    auto const begin = break_before(text, end - 1);
    auto stop = break_after(before_tail, end);
    if (trigger == Trigger::private_key) {
      auto const closing = text.substr(0, std::min(tail, end + longest_hold_bytes)).find(key_closing, end);
      if (closing != std::string_view::npos) stop = break_after(before_tail, closing + key_closing.size());
    }
    if (!pieces.empty() && begin < pieces.back().end) {
      pieces.back().end = std::max(pieces.back().end, stop);
      pieces.back().injection = pieces.back().injection || injection;
    } else {
      pieces.push_back({begin, stop, injection});
    }
  }
  return pieces;
}

void Scanner::read(std::string_view text, Piece piece, bool final, Options const& options, Scan& out) const {
  auto const source = text.substr(piece.begin, piece.end - piece.begin);
  auto const normal = normalise(source);
  Segment const segment{normal, final, options.today};
  Findings found;
  found.pending = normal.size();
  find_numbers(segment, found);
  find_codes(segment, found);
  find_secrets(segment, found);
  find_private_keys(segment, found);
  find_phrases(segment, found);
  words_.find(segment, found);
  if (!final) hold_last_word(segment, found);

  auto const offset = static_cast<std::uint32_t>(piece.begin);
  std::erase_if(found.candidates, [&](Candidate const& c) { return offset + normal.begin[c.begin] < options.released; });
  // What reaches into the part that is open waits for it, and so does what it overlaps.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto const& c : found.candidates) {
      if (c.end > found.pending && c.begin < found.pending) {
        found.pending = c.begin;
        changed = true;
      }
    }
  }
  std::erase_if(found.candidates, [&](Candidate const& c) { return c.begin >= found.pending; });
  out.safe = offset + normal.source(found.pending);

  auto const kept = without_overlaps(std::move(found.candidates));
  std::vector<Hit> hits;
  for (auto const& c : kept) {
    hits.push_back(
        {c.rule, c.detail, offset + normal.begin[c.begin], offset + normal.end[c.end - 1], key_of(normal, c.begin, c.end)});
  }
  // Hidden characters outside of what was found, those side by side as one.
  std::vector<Hit> hidden;
  for (auto const& h : normal.hidden) {
    auto const begin = offset + h.begin, end = offset + h.end;
    auto const inside = [&](Hit const& hit) { return begin < hit.end && hit.begin < end; };
    if (!h.suspicious || begin < options.released || begin >= out.safe || std::ranges::any_of(hits, inside)) continue;
    if (!hidden.empty() && hidden.back().end == begin)
      hidden.back().end = end;
    else
      hidden.push_back({Rule::invisible, {}, begin, end, {}});
  }
  if (!final && !hidden.empty() && hidden.back().end == out.safe) {  // more of them may follow
    out.safe = hidden.back().begin;
    hidden.pop_back();
  }
  hits.insert(hits.end(), hidden.begin(), hidden.end());
  std::ranges::sort(hits, {}, &Hit::begin);
  std::ranges::move(hits, std::back_inserter(out.hits));
  if (!piece.injection) return;
  for (auto const& hit : injection_.find(normal)) {
    if (hit.end > found.pending) continue;
    out.injections.push_back({hit.kind, hit.weight, offset + normal.begin[hit.begin], offset + normal.end[hit.end - 1]});
  }
}

Scanner::Scan Scanner::scan(std::string_view text, Options const& options) const {
  Scan out;
  auto tail = options.final ? text.size() : break_before(text, text.size());
  if (!options.final && text.size() - tail > longest_hold_bytes) tail = text.size();
  // A private key goes over many lines: it is one piece until it is closed, or too long to be one.
  auto const from = text.size() - std::min(text.size(), longest_hold_bytes);
  auto const opening = options.final ? std::string_view::npos : text.substr(from).rfind(key_opening);
  if (opening != std::string_view::npos && from + opening < tail &&
      text.find(key_closing, from + opening) == std::string_view::npos) {
    tail = break_before(text, from + opening);
  }
  out.safe = static_cast<std::uint32_t>(tail);
  if (options.skip_first_look) {
    for (std::size_t begin = 0; begin < tail;) {
      auto end = break_after(text.substr(0, tail), begin + 1);
      if (auto const key = text.substr(begin, end - begin).find(key_opening); key != std::string_view::npos) {
        auto const closing = text.substr(0, std::min(tail, begin + key + longest_hold_bytes)).find(key_closing, begin + key);
        if (closing != std::string_view::npos) end = break_after(text.substr(0, tail), closing + key_closing.size());
      }
      read(text, {begin, end}, true, options, out);
      begin = end;
    }
  } else {
    for (auto const& piece : pieces_to_read(text, tail)) read(text, piece, true, options, out);
  }
  out.safe = static_cast<std::uint32_t>(tail);
  if (tail < text.size()) read(text, {tail, text.size()}, false, options, out);
  return out;
}

}  // namespace parley::guard
