#include "guard/grounding/answer_check.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/utf8.hpp"
#include "guard/normal_text.hpp"

namespace parley::guard {
namespace {

constexpr std::size_t longest_citation = 4;  // "[12]"
constexpr std::size_t longest_sentence = 2000;

bool is_number(std::u32string_view bracket) {
  if (bracket.size() < 2) return false;
  for (char32_t const c : bracket.substr(1)) {
    if (!is_digit(c)) return false;
  }
  return true;
}

}  // namespace

AnswerCheck::AnswerCheck(OnUnsupported what, std::vector<language::Source> sources, std::vector<std::string> conversation,
                         Sentences unverified)
    : what_(what), conversation_(std::move(conversation)), unverified_(std::move(unverified)) {
  for (auto const& source : sources) passages_.push_back(source.text);
  if (passages_.empty()) options_.least_similarity = options_.least_with_facts = 0;
  grounds_.sources = std::move(sources);
}

std::string AnswerCheck::push(std::string_view whole_characters, std::span<language::TokenScore const> tokens) {
  std::u32string out;
  std::size_t at = 0, token_at = 0;  // bytes: of the character, of the next token
  for (char32_t const c : core::decode_utf8(whole_characters)) {
    at += core::encode_utf8({&c, 1}).size();
    score_ = unscored;
    for (; !tokens.empty() && token_at < at; tokens = tokens.subspan(1)) {  // a character may be several tokens
      score_ = std::isnan(score_) ? tokens.front().chosen.logprob : score_ + tokens.front().chosen.logprob;
      token_at += tokens.front().chosen.bytes.size();
    }
    take(c, out);
  }
  return core::encode_utf8(out);
}

std::string AnswerCheck::finish(bool judge) {
  std::u32string out;
  end_bracket(false, out);
  if (!judge) what_ = OnUnsupported::off;
  if (!sentence_.empty()) end_sentence(sentence_.size(), out);
  grounds_.whole = true;
  return core::encode_utf8(out);
}

void AnswerCheck::take(char32_t c, std::u32string& out) {
  if (bracket_.empty()) {
    if (c == U'[') {
      bracket_ = c;
    } else {
      add({&c, 1}, false, out);
    }
    return;
  }
  bool const closed = c == U']' && is_number(bracket_);
  if (closed || (is_digit(c) && bracket_.size() + 1 < longest_citation)) {
    bracket_ += c;
    if (closed) end_bracket(true, out);
    return;
  }
  end_bracket(false, out);
  take(c, out);
}

void AnswerCheck::end_bracket(bool closed, std::u32string& out) {
  auto const bracket = std::exchange(bracket_, {});
  if (bracket.empty()) return;
  if (!closed) return add(bracket, false, out);
  std::size_t number = 0;
  for (char32_t const c : bracket) number = is_digit(c) ? number * 10 + (c - U'0') : number;
  if (number == 0) return add(bracket, false, out);
  if (number <= passages_.size()) add(bracket, true, out);
}

void AnswerCheck::add(std::u32string_view text, bool cites, std::u32string& out) {
  for (char32_t const c : text) {
    sentence_ += c;
    plain_ += cites ? U' ' : c;
    scores_.push_back(cites ? unscored : score_);
    // It has ended when the next one begins: marks, blanks and citations that follow its end are part of it.
    if (auto const end = first_sentence_end(plain_); end < plain_.size() && !core::is_space(plain_.back())) {
      end_sentence(behind_citations(end), out);
    } else if (!cites && sentence_.size() >= longest_sentence) {
      end_sentence(sentence_.size(), out);
    }
  }
  if (what_ == OnUnsupported::off || what_ == OnUnsupported::flag) let_out(sentence_.size(), out);
  if (what_ == OnUnsupported::soften) let_out(first_sentence_end(plain_), out);  // the mark comes right behind the end
}

std::size_t AnswerCheck::behind_citations(std::size_t end) const {
  for (auto at = end; at < plain_.size() && core::is_space(plain_[at]); ++at) {
    if (sentence_[at] == U']') end = at + 1;
  }
  return end;
}

std::optional<double> AnswerCheck::mean_score(std::size_t end) const {
  double sum = 0;
  std::size_t count = 0;
  for (auto const score : std::span(scores_).first(end)) {
    if (std::isnan(score)) continue;
    sum += score;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

/// Lets the sentence out up to `to`, and remembers the citations in it.
void AnswerCheck::let_out(std::size_t to, std::u32string& out) {
  to = std::max(to, out_of_it_);
  for (std::size_t at = out_of_it_; at < to; ++at) {
    if (sentence_[at] != U'[' || plain_[at] != U' ') continue;
    std::size_t end = at + 1;
    std::size_t number = 0;
    for (; sentence_[end] != U']'; ++end) number = number * 10 + (sentence_[end] - U'0');
    auto const begin = position_ + (at - out_of_it_);
    grounds_.citations.push_back({number, begin, begin + (end + 1 - at)});
  }
  out.append(sentence_, out_of_it_, to - out_of_it_);
  position_ += to - out_of_it_;
  out_of_it_ = to;
}

void AnswerCheck::end_sentence(std::size_t end, std::u32string& out) {
  auto const begin = position_ - out_of_it_;  // where the sentence begins, or would, in what leaves
  Verdict verdict;
  if (what_ != OnUnsupported::off) {
    options_.mean_logprob = mean_score(end);
    verdict = ground(core::encode_utf8(plain_.substr(0, end)), passages_, conversation_, options_);
  }
  bool const fine = verdict.grounded();
  bool const chinese = core::guess_language(core::encode_utf8(plain_.substr(0, end))) == "zh";
  if (fine || what_ != OnUnsupported::replace) {
    let_out(end, out);
    replaced_ = false;
    for (auto const& one : verdict.sentences) {
      bool const told = one.support != Support::no_claim && (one.support != Support::supported || !passages_.empty());
      if (told) grounds_.claims.push_back(claim_of(one, begin));
    }
    if (!fine && what_ == OnUnsupported::soften) {
      std::u32string_view const mark = chinese ? U"（未经证实）" : U" (unverified)";
      out += mark;
      position_ += mark.size();
      grounds_.claims.back().done = "softened";
    }
  } else {
    auto claim = claim_of(*std::ranges::find_if(verdict.sentences,
                                                [](auto const& s) {
                                                  return s.support == Support::not_found || s.support == Support::contradicted;
                                                }),
                          begin);
    claim.begin = position_;
    claim.done = "replaced";
    if (!std::exchange(replaced_, true)) {  // once for several side by side
      auto text = core::decode_utf8(chinese ? unverified_.zh : unverified_.en);
      if (chinese && !text.ends_with(U'。')) text += U'。';
      if (!chinese && position_ > 0) text.insert(text.begin(), U' ');
      out += text;
      position_ += text.size();
    }
    claim.end = position_;
    grounds_.claims.push_back(std::move(claim));
  }
  sentence_.erase(0, end);
  plain_.erase(0, end);
  scores_.erase(scores_.begin(), scores_.begin() + static_cast<std::ptrdiff_t>(end));
  out_of_it_ -= std::min(out_of_it_, end);
}

language::Claim AnswerCheck::claim_of(SentenceVerdict const& verdict, std::size_t sentence_begin) const {
  language::Claim claim;
  claim.begin = sentence_begin + verdict.start;
  claim.end = sentence_begin + verdict.end;
  claim.verdict = name(verdict.support);
  claim.similarity = verdict.similarity;
  for (auto const& one : verdict.unsupported) claim.missing.push_back(one.kind);
  if (verdict.evidence && verdict.evidence->source < passages_.size()) {
    claim.source = verdict.evidence->source + 1;
    claim.source_begin = verdict.evidence->start;
    claim.source_end = verdict.evidence->end;
  }
  return claim;
}

}  // namespace parley::guard
