#include "knowledge/search.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/utf8.hpp"
#include "knowledge/words.hpp"

namespace parley::knowledge {
namespace {

using core::Result;

constexpr std::size_t depth = 50;  // of either list

/// The text of both, which follow or overlap each other.
void append(Passage& first, Passage const& second) {
  auto const points = core::decode_utf8(second.text);
  if (second.begin >= first.end) {
    if (second.begin > first.end) first.text += '\n';  // the blanks between them were stripped
    first.text += second.text;
  } else if (second.end > first.end) {
    std::size_t const shared = std::min(first.end - second.begin, points.size());
    first.text += core::encode_utf8(std::u32string_view(points).substr(shared));
  }
  first.end = std::max(first.end, second.end);
  first.chunks += second.chunks;
  first.score = std::max(first.score, second.score);
  first.cosine = std::max(first.cosine, second.cosine);
}

std::vector<std::int64_t> ids_of(std::vector<Ranked> const& ranked) {
  std::vector<std::int64_t> ids;
  for (auto const& one : ranked) ids.push_back(one.id);
  return ids;
}

/// Best first, hits or not.
Result<std::vector<Ranked>> rank(Store const& store, language::Vector const& vector, std::string const& question,
                                 SearchOptions const& options) {
  std::vector<Ranked> nearest, by_words;
  if (options.way != Way::words) {
    auto list = store.by_vector(vector, depth, options.filter);
    if (!list || options.way == Way::meaning) return list;
    nearest = *std::move(list);
  }
  auto list = store.by_words(question, depth, options.filter);
  if (!list || options.way == Way::words) return list;
  by_words = *std::move(list);
  if (options.fusion_k > 0) return fuse({{nearest, 1}, {by_words, options.words_weight}}, options.fusion_k);
  std::unordered_map<std::int64_t, double> cosines;
  for (auto const& one : nearest) cosines[one.id] = one.score;
  auto more = ids_of(by_words);
  std::erase_if(more, [&](std::int64_t id) { return cosines.contains(id); });
  auto const scores = store.cosines(vector, more);
  if (!scores) return std::unexpected(scores.error());
  for (std::size_t i = 0; i < more.size(); ++i) cosines[more[i]] = (*scores)[i];
  return blend(nearest, by_words, cosines, options.words_weight);
}

bool follows(Passage const& a, Passage const& b) { return a.path == b.path && a.ordinal + a.chunks == b.ordinal; }

}  // namespace

std::vector<Ranked> fuse(std::vector<RankedList> const& lists, double k) {
  std::vector<Ranked> fused;
  std::unordered_map<std::int64_t, std::size_t> places;
  for (auto const& list : lists) {
    for (std::size_t rank = 1; rank <= list.best.size(); ++rank) {
      auto const id = list.best[rank - 1].id;
      auto const [place, fresh] = places.try_emplace(id, fused.size());
      if (fresh) fused.push_back({id, 0});
      fused[place->second].score += list.weight / (k + static_cast<double>(rank));
    }
  }
  std::ranges::stable_sort(fused, std::greater<>(), &Ranked::score);
  return fused;
}

std::vector<Ranked> blend(std::vector<Ranked> const& nearest, std::vector<Ranked> const& by_words,
                          std::unordered_map<std::int64_t, double> const& cosines, double weight) {
  double const low = nearest.empty() ? 0 : nearest.back().score;
  double const range = nearest.empty() ? 0 : nearest.front().score - low;
  auto const stretched = [&](std::int64_t id) {  // what is farther than the list goes is at its end
    return range > 0 ? std::max(0.0, (cosines.at(id) - low) / range) : 0.0;
  };
  std::vector<Ranked> blended;
  std::unordered_map<std::int64_t, std::size_t> places;
  for (auto const& one : nearest) {
    places[one.id] = blended.size();
    blended.push_back({one.id, stretched(one.id)});
  }
  for (auto const& one : by_words) {
    auto const [place, fresh] = places.try_emplace(one.id, blended.size());
    if (fresh) blended.push_back({one.id, stretched(one.id)});
    blended[place->second].score += weight * one.score;
  }
  std::ranges::stable_sort(blended, std::greater<>(), &Ranked::score);
  return blended;
}

std::vector<Passage> join_neighbours(std::vector<Passage> passages) {
  for (std::size_t i = 0; i < passages.size(); ++i) {
    for (std::size_t j = i + 1; j < passages.size();) {
      if (follows(passages[i], passages[j])) {
        append(passages[i], passages[j]);
      } else if (follows(passages[j], passages[i])) {
        append(passages[j], passages[i]);
        passages[i] = std::move(passages[j]);
      } else {
        ++j;
        continue;
      }
      passages.erase(passages.begin() + static_cast<std::ptrdiff_t>(j));
      j = i + 1;  // the longer passage may have found a new neighbour
    }
  }
  return passages;
}

double word_share(std::vector<std::string> const& words, std::string const& text) {
  if (words.empty()) return 0;
  auto const indexed = " " + index_words(text) + " ";
  auto const found = std::ranges::count_if(
      words, [&](std::string const& word) { return indexed.find(" " + word + " ") != std::string::npos; });
  return static_cast<double>(found) / static_cast<double>(words.size());
}

Result<std::vector<Passage>> search(Store const& store, language::Embedder& embedder, std::string const& question,
                                    SearchOptions const& options, core::Urgency urgency) {
  if (question.find_first_not_of(" \t\r\n") == std::string::npos) {
    return core::fail(core::Code::invalid, "the question is empty", "query");
  }
  auto const vectors = language::embed_now(embedder, {question}, language::Purpose::query, urgency);
  if (!vectors) return std::unexpected(vectors.error());
  return search(store, vectors->front(), question, options);
}

Result<std::vector<Passage>> search(Store const& store, language::Vector const& vector, std::string const& question,
                                    SearchOptions const& options) {
  auto ranked = rank(store, vector, question, options);
  if (!ranked) return std::unexpected(ranked.error());
  ranked->resize(std::min(ranked->size(), options.count * 4));  // some are no hits, some are joined
  auto const ids = ids_of(*ranked);
  auto const cosines = store.cosines(vector, ids);
  if (!cosines) return std::unexpected(cosines.error());
  auto const chunks = store.chunks(ids);
  if (!chunks) return std::unexpected(chunks.error());

  auto const words = query_words(question);
  std::vector<Passage> passages;
  std::size_t at = 0;
  for (auto const& found : *chunks) {
    while (ids[at] != found.id) ++at;  // one may have been removed meanwhile
    if (passages.size() == options.count) break;
    if ((*cosines)[at] < options.least_cosine && word_share(words, found.chunk.text) < options.least_words) continue;
    passages.push_back({found.path, found.title, found.chunk.text, found.chunk.begin, found.chunk.end, found.chunk.page,
                        found.ordinal, 1, (*ranked)[at].score, (*cosines)[at]});
  }
  return options.join ? join_neighbours(std::move(passages)) : passages;
}

}  // namespace parley::knowledge
