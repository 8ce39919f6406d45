#include "knowledge/word_ranking.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "knowledge/words.hpp"

namespace parley::knowledge {
namespace {

using core::Result;

constexpr float k1 = 1.2F, b = 0.75F;
constexpr std::size_t most_kept = 4'000'000;  // postings of eight bytes: 32 MB

/// SQLite's variable-length number: seven bits a byte, the highest first, more to come where the eighth is set.
std::uint64_t number_in(std::span<std::byte const> bytes) {
  std::uint64_t number = 0;
  for (auto const byte : bytes) {
    number = number << 7U | std::to_integer<std::uint64_t>(byte & std::byte{0x7F});
    if ((byte & std::byte{0x80}) == std::byte{0}) break;
  }
  return number;
}

}  // namespace

void WordRanking::forget() {
  fresh_ = false;
  lists_.clear();
  kept_ = 0;
}

Result<void> WordRanking::read_lengths(Database const& database) {
  ids_.clear();
  lengths_.clear();
  auto statement = database.prepare("SELECT id, sz FROM words_docsize ORDER BY id");  // FTS5's own table of lengths
  double sum = 0;
  for (;;) {
    auto const row = statement.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    ids_.push_back(statement.integer(0));
    lengths_.push_back(static_cast<float>(number_in(statement.blob(1))));
    sum += lengths_.back();
  }
  auto const average = static_cast<float>(std::max(1.0, sum / static_cast<double>(std::max<std::size_t>(ids_.size(), 1))));
  for (float& length : lengths_) length = k1 * (1 - b + b * length / average);
  fresh_ = true;
  return {};
}

Result<WordRanking::List> WordRanking::read(Database const& database, std::string const& word) const {
  auto statement = database.prepare("SELECT rowid, hits(words) FROM words WHERE words MATCH ? ORDER BY rowid LIMIT ?");
  statement.bind(match_expression(word)).bind(static_cast<std::int64_t>(most_chunks_) + 1);
  List list;
  auto at = ids_.begin();
  for (;;) {
    auto const row = statement.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    at = std::lower_bound(at, ids_.end(), statement.integer(0));
    if (at == ids_.end()) break;
    if (*at != statement.integer(0)) continue;  // another program is adding to it
    auto const place = static_cast<std::size_t>(at - ids_.begin());
    auto const hits = static_cast<float>(statement.integer(1));
    list.postings.push_back({static_cast<std::uint32_t>(place), hits * (k1 + 1) / (hits + lengths_[place])});
  }
  list.everywhere = list.postings.size() > most_chunks_;
  auto const all = static_cast<float>(ids_.size()), some = static_cast<float>(list.postings.size());
  list.rarity = std::log1p((all - std::min(some, all) + 0.5F) / (some + 0.5F));
  for (auto& posting : list.postings) posting.weight *= list.rarity;
  return list;
}

Result<WordRanking::List const*> WordRanking::list(Database const& database, std::string const& word) {
  if (auto const known = lists_.find(word); known != lists_.end()) return &known->second;
  auto list = read(database, word);
  if (!list) return std::unexpected(list.error());
  if (list->everywhere) list->postings = {};  // known to tell nothing: that is all there is to know
  kept_ += list->postings.size() + 16;        // the word itself takes room too
  return &(lists_[word] = std::move(*list));
}

Result<std::vector<Ranked>> WordRanking::best(Database const& database, std::vector<std::string> const& words,
                                              std::size_t count, std::function<bool(std::int64_t)> const& admit) {
  if (!fresh_) {
    if (auto done = read_lengths(database); !done) return std::unexpected(done.error());
  }
  if (kept_ > most_kept) {
    lists_.clear();
    kept_ = 0;
  }
  std::vector<float> scores(ids_.size(), 0);
  float most = 0;  // that a chunk can have
  auto const add = [&](List const& list) {
    most += list.rarity * (k1 + 1);
    for (auto const& posting : list.postings) scores[posting.place] += posting.weight;
  };
  bool telling = false;
  for (auto const& word : words) {
    auto const found = list(database, word);
    if (!found) return std::unexpected(found.error());
    if (!(*found)->everywhere) add(**found);
    telling = telling || !(*found)->postings.empty();
  }
  if (!telling) {  // better the beginning of an endless list than nothing
    most = 0;
    for (auto const& word : words) {
      if (!lists_[word].everywhere) continue;
      auto const part = read(database, word);
      if (!part) return std::unexpected(part.error());
      add(*part);
    }
  }
  std::vector<Ranked> ranked;
  for (std::size_t place = 0; place < scores.size(); ++place) {
    if (scores[place] > 0 && (!admit || admit(ids_[place]))) ranked.push_back({ids_[place], scores[place] / most});
  }
  auto const better = [](Ranked const& x, Ranked const& y) { return x.score > y.score || (x.score == y.score && x.id < y.id); };
  auto const kept = std::min(count, ranked.size());
  std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(kept), better);
  ranked.resize(kept);
  return ranked;
}

}  // namespace parley::knowledge
