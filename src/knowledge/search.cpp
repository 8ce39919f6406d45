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
  std::vector<RankedList> lists;
  if (options.way != Way::words) {
    auto list = store.by_vector(vector, depth, options.filter);
    if (!list) return std::unexpected(list.error());
    lists.push_back({std::move(*list), 1});
  }
  if (options.way != Way::meaning) {
    auto list = store.by_words(question, depth, options.filter);
    if (!list) return std::unexpected(list.error());
    lists.push_back({std::move(*list), options.way == Way::words ? 1 : options.words_weight});
  }
  auto ranked = fuse(lists, options.fusion_k);
  ranked.resize(std::min(ranked.size(), options.count * 4));  // some are no hits, some are joined
  std::vector<std::int64_t> ids;
  for (auto const& one : ranked) ids.push_back(one.id);
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
                        found.ordinal, 1, ranked[at].score, (*cosines)[at]});
  }
  return options.join ? join_neighbours(std::move(passages)) : passages;
}

}  // namespace parley::knowledge
