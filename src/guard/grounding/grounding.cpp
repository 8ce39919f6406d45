#include "guard/grounding/grounding.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/utf8.hpp"
#include "guard/grounding/facts.hpp"

namespace parley::guard {
namespace {

using Words = std::multiset<std::u32string>;

constexpr std::array<std::u32string_view, 44> empty_words{
    U"the", U"a",   U"an",   U"is",    U"are",  U"was", U"were", U"be",    U"been",  U"of",   U"in",
    U"on",  U"at",  U"to",   U"for",   U"and",  U"or",  U"it",   U"its",   U"this",  U"that", U"with",
    U"as",  U"by",  U"from", U"has",   U"have", U"had", U"he",   U"she",   U"they",  U"i",    U"you",
    U"we",  U"his", U"her",  U"their", U"will", U"can", U"not",  U"there", U"which", U"also", U"about"};
// Characters that carry grammar, not meaning.
constexpr std::u32string_view empty_han = U"的了是在有和与及也就都而被把于为其这那该此";

struct Sentence {
  std::size_t start = 0, end = 0;  // code points of its text
  std::string bytes;
  NormalText normal;
  Words words;
  std::vector<Fact> facts;
  std::size_t source = 0;
  bool question = false;
};

bool ends_sentence(std::u32string_view text, std::size_t at) {
  auto const c = text[at];
  if (c == U'\n' || c == U'。' || c == U'！' || c == U'？' || c == U'!' || c == U'?' || c == U'；') return true;
  return c == U'.' && (at + 1 == text.size() || is_blank(text[at + 1])) && at > 1 &&
         !(is_upper(text[at - 1]) && !is_alnum(text[at - 2]));
}

std::size_t mark_of_end(std::u32string_view text, std::size_t from) {
  while (from < text.size() && !ends_sentence(text, from)) ++from;
  return from;
}

std::size_t behind_marks(std::u32string_view text, std::size_t at) {
  while (at < text.size() && (ends_sentence(text, at) || text[at] == U'”' || text[at] == U'"')) ++at;
  return at;
}

/// Latin words in small letters without plural s and the like, pairs of neighbouring Chinese characters.
Words words_of(NormalText const& text) {
  Words words;
  for (std::size_t at = 0; at < text.size();) {
    if (is_alnum(text.text[at])) {
      std::u32string word;
      while (at < text.size() && (is_alnum(text.text[at]) || text.text[at] == U'\'')) word += lower(text.text[at++]);
      for (std::u32string_view const ending : {U"'s", U"ing", U"ed", U"es", U"s"}) {
        if (word.size() > ending.size() + 2 && word.ends_with(ending)) {
          word.resize(word.size() - ending.size());
          break;
        }
      }
      if (std::ranges::find(empty_words, std::u32string_view(word)) == empty_words.end()) words.insert(std::move(word));
      continue;
    }
    auto const meaningful = [](char32_t c) { return core::is_han(c) && empty_han.find(c) == std::u32string_view::npos; };
    if (meaningful(text.text[at]) && meaningful(text.at(at + 1))) words.insert({text.text[at], text.text[at + 1]});
    ++at;
  }
  return words;
}

std::vector<Sentence> sentences_of(std::string_view bytes, std::size_t source) {
  std::vector<Sentence> sentences;
  auto const text = core::decode_utf8(bytes);
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = mark_of_end(text, begin);
    bool const question = end < text.size() && (text[end] == U'？' || text[end] == U'?');
    end = behind_marks(text, end);
    auto first = begin;
    while (first < end && core::is_space(text[first])) ++first;
    if (first < end) {
      Sentence one;
      one.start = first;
      one.end = end;
      one.source = source;
      one.question = question;
      one.bytes = core::encode_utf8(std::u32string_view(text).substr(first, end - first));
      one.normal = normalise(one.bytes);
      one.words = words_of(one.normal);
      one.facts = facts_of(one.normal);
      sentences.push_back(std::move(one));
    }
    begin = end;
  }
  return sentences;
}

/// Greetings, thanks and offers claim nothing.
bool is_courtesy(Sentence const& sentence) {
  static constexpr std::array<std::u32string_view, 22> beginnings{
      U"您好",  U"你好",  U"欢迎",      U"谢谢",   U"感谢",        U"抱歉",     U"对不起", U"不客气",
      U"好的",  U"请问",  U"请您",      U"如果您", U"如有",        U"hello",    U"hi",     U"welcome",
      U"thank", U"sorry", U"i'm sorry", U"please", U"let me know", U"feel free"};
  return std::ranges::any_of(beginnings, [&](std::u32string_view beginning) {
    for (std::size_t i = 0; i < beginning.size(); ++i) {
      if (lower(sentence.normal.at(i)) != beginning[i]) return false;
    }
    return true;
  });
}

/// Share of the claim's words that the source has.
double similarity(Words const& claim, Words const& source) {
  if (claim.empty()) return 0;
  std::size_t shared = 0;
  for (auto at = claim.begin(); at != claim.end(); at = claim.upper_bound(*at)) {
    shared += std::min(claim.count(*at), source.count(*at));
  }
  return static_cast<double>(shared) / static_cast<double>(claim.size());
}

class Grounder {
 public:
  Grounder(std::vector<std::string> const& passages, std::vector<std::string> const& conversation,
           GroundingOptions const& options)
      : options_(options) {
    auto const add = [&](std::string const& text, std::size_t source) {
      for (auto& sentence : sentences_of(text, source)) sources_.push_back(std::move(sentence));
      for (char32_t const c : normalise(text).text) everything_ += lower(c);
      everything_ += U'\n';
    };
    for (std::size_t i = 0; i < passages.size(); ++i) add(passages[i], i);
    for (std::size_t i = 0; i < conversation.size(); ++i) add(conversation[i], passages.size() + i);
  }

  SentenceVerdict judge(Sentence const& claim) const {
    SentenceVerdict verdict{claim.start, claim.end, Support::no_claim, 0, {}, std::nullopt};
    if (claim.question || (claim.facts.empty() && is_courtesy(claim)) || (claim.facts.empty() && claim.words.size() < 3))
      return verdict;
    auto const near = nearest(claim);
    if (!near.empty()) {
      auto const& best = *near.front().sentence;
      verdict.similarity = near.front().similarity;
      verdict.evidence = Evidence{best.source, best.start, best.end, verdict.similarity};
    }
    for (auto const& fact : claim.facts) {
      if (!stands_in(fact, near)) note(verdict, claim, fact.begin, fact.end, kind_of(fact.kind));
    }
    if (!near.empty() && verdict.unsupported.empty()) swapped_words(verdict, claim, *near.front().sentence);
    auto const least = claim.facts.empty() ? options_.least_similarity : options_.least_with_facts;
    if (!verdict.unsupported.empty())
      verdict.support = verdict.similarity >= options_.same_subject ? Support::contradicted : Support::not_found;
    else
      verdict.support = verdict.similarity >= least ? Support::supported : Support::not_found;
    if (verdict.support == Support::supported && verdict.similarity < options_.very_alike &&
        options_.mean_logprob.value_or(0) < options_.least_logprob) {
      verdict.support = Support::not_found;
      verdict.unsupported.push_back({"certainty", claim.start, claim.end});
    }
    return verdict;
  }

 private:
  struct Near {
    Sentence const* sentence;
    double similarity;
  };

  /// Source sentences that share words with the claim, the nearest first; of equals the one that has more of its facts.
  std::vector<Near> nearest(Sentence const& claim) const {
    std::vector<Near> near;
    for (auto const& source : sources_) {
      auto const s = similarity(claim.words, source.words);
      if (s > 0) near.push_back({&source, s});
    }
    std::ranges::stable_sort(near, std::ranges::greater{}, &Near::similarity);
    return near;
  }

  /// A name may stand anywhere; a number or a date only in a sentence that shares a word with the claim.
  bool stands_in(Fact const& fact, std::vector<Near> const& near) const {
    if (fact.kind == Fact::Kind::name) {
      auto const form = core::decode_utf8(fact.form);
      return everything_.find(form) != std::u32string::npos;
    }
    return std::ranges::any_of(near, [&](Near const& one) {
      return std::ranges::any_of(one.sentence->facts, [&](Fact const& source) { return agrees(fact, source); });
    });
  }

  /// A sentence that repeats a source word by word but for some characters no source has: 张伟 where the source says 李强. Only
  /// for Chinese, where names cannot be told by their letters.
  void swapped_words(SentenceVerdict& verdict, Sentence const& claim, Sentence const& source) const {
    if (verdict.similarity < options_.same_subject) return;
    auto const& text = claim.normal.text;
    for (std::size_t begin = 0; begin < text.size();) {
      if (!core::is_han(text[begin]) || in_pair(text, begin)) {
        ++begin;
        continue;
      }
      auto end = begin;
      while (end < text.size() && core::is_han(text[end]) && !in_pair(text, end)) ++end;
      if (end - begin >= 2 && end - begin <= 4 && is_name(text, begin, end) && replaces(text, source.normal.text, begin, end))
        note(verdict, claim, begin, end, "words");
      begin = end;
    }
  }

  /// The character is part of a pair that some source has.
  bool in_pair(std::u32string const& text, std::size_t at) const {
    auto const known = [&](std::size_t begin) {
      return begin + 1 < text.size() && everything_.find(text.substr(begin, 2)) != std::u32string::npos;
    };
    return known(at) || (at > 0 && known(at - 1));
  }

  /// Names are made of other characters than the words between them.
  static bool is_name(std::u32string_view text, std::size_t begin, std::size_t end) {
    static constexpr std::u32string_view between =
        U"在有是的了和与及于为也都就被把从到对向由将会能可要说做卖个这那不没还又很更最已曾现";
    return text.substr(begin, end - begin).find_first_of(between) == std::u32string_view::npos;
  }

  /// Between the same neighbours the source has other characters, as many or nearly. A mark, or an end, is a neighbour too.
  static bool replaces(std::u32string const& text, std::u32string const& source, std::size_t begin, std::size_t end) {
    auto const han = [](std::u32string const& t, std::size_t at) { return at < t.size() && core::is_han(t[at]); };
    bool const left_open = begin == 0 || !han(text, begin - 1);
    auto const left = left_open ? std::u32string() : text.substr(begin >= 2 ? begin - 2 : 0, begin >= 2 ? 2 : 1);
    auto const right = han(text, end) ? text.substr(end, 2) : std::u32string();
    if (left.empty() && right.empty()) return false;
    for (std::size_t at = 0; at < source.size(); ++at) {
      if (left.empty() ? at > 0 && han(source, at - 1) : !std::u32string_view(source).substr(0, at).ends_with(left)) continue;
      auto stop = at;
      while (han(source, stop) && (right.empty() || source.compare(stop, right.size(), right) != 0)) ++stop;
      bool const closed = right.empty() ? !han(source, stop) : source.compare(stop, right.size(), right) == 0;
      if (closed && stop - at >= 2 && is_name(source, at, stop) && stop - at <= end - begin + 1) return true;
    }
    return false;
  }

  static std::string_view kind_of(Fact::Kind kind) {
    return kind == Fact::Kind::number ? "number" : kind == Fact::Kind::date ? "date" : "name";
  }

  static void note(SentenceVerdict& verdict, Sentence const& claim, std::size_t begin, std::size_t end, std::string_view kind) {
    auto const before = core::count_code_points(std::string_view(claim.bytes).substr(0, claim.normal.begin[begin]));
    auto const length = core::count_code_points(
        std::string_view(claim.bytes).substr(claim.normal.begin[begin], claim.normal.end[end - 1] - claim.normal.begin[begin]));
    verdict.unsupported.push_back({std::string(kind), claim.start + before, claim.start + before + length});
  }

  GroundingOptions options_;
  std::vector<Sentence> sources_;
  std::u32string everything_;
};

}  // namespace

std::size_t first_sentence_end(std::u32string_view text) { return behind_marks(text, mark_of_end(text, 0)); }

std::string_view name(Support support) noexcept {
  static constexpr std::array<std::string_view, 4> names{"no_claim", "supported", "not_found", "contradicted"};
  return names[static_cast<std::size_t>(support)];
}

bool Verdict::grounded() const noexcept {
  return std::ranges::all_of(
      sentences, [](SentenceVerdict const& s) { return s.support == Support::no_claim || s.support == Support::supported; });
}

double Verdict::supported_share() const noexcept {
  auto const claims = std::ranges::count_if(sentences, [](auto const& s) { return s.support != Support::no_claim; });
  auto const supported = std::ranges::count(sentences, Support::supported, &SentenceVerdict::support);
  return claims == 0 ? 1 : static_cast<double>(supported) / static_cast<double>(claims);
}

Verdict ground(std::string_view answer, std::vector<std::string> const& passages, std::vector<std::string> const& conversation,
               GroundingOptions const& options) {
  Grounder const grounder(passages, conversation, options);
  Verdict verdict;
  for (auto const& sentence : sentences_of(answer, 0)) verdict.sentences.push_back(grounder.judge(sentence));
  return verdict;
}

std::optional<OnUnsupported> on_unsupported_named(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 4> names{"off", "flag", "soften", "replace"};
  auto const at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<OnUnsupported>(at - names.begin());
}

std::string apply(std::string_view answer, Verdict const& verdict, OnUnsupported what, Sentences const& unverified) {
  if (what == OnUnsupported::off || what == OnUnsupported::flag || verdict.grounded()) return std::string(answer);
  auto const text = core::decode_utf8(answer);
  std::string out;
  std::size_t at = 0;
  bool said = false;
  for (auto const& sentence : verdict.sentences) {
    bool const fine = sentence.support == Support::no_claim || sentence.support == Support::supported;
    auto const own = core::encode_utf8(std::u32string_view(text).substr(sentence.start, sentence.end - sentence.start));
    bool const chinese = core::guess_language(own) == "zh";
    auto const gap = core::encode_utf8(std::u32string_view(text).substr(at, sentence.start - at));
    at = sentence.end;
    if (fine || what == OnUnsupported::soften) {
      out += gap + own;
      if (!fine) out += chinese ? "（未经证实）" : " (unverified)";
      said = false;
    } else if (!said) {
      out += gap + (chinese ? unverified.zh : unverified.en);
      if (chinese && !unverified.zh.ends_with("。")) out += "。";
      said = true;
    }
  }
  out += core::encode_utf8(std::u32string_view(text).substr(at));
  return out;
}

}  // namespace parley::guard
