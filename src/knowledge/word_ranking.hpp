#pragma once
// Which chunks have a question's words, best first: BM25 (Robertson & Zaragoza 2009; k1 1.2, b 0.75) over FTS5's index.
//
// SQLite's own bm25() looks at every chunk that has one of the words, some microseconds each, for every question again. Here
// the list of a word is read from the index once, kept, and a question is the sum of the lists of its words: nanoseconds each.
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "knowledge/database.hpp"

namespace parley::knowledge {

struct Ranked {
  std::int64_t id = 0;  ///< of the chunk
  double score = 0;     ///< by meaning: the cosine; by words: the share, from 0 to 1, of what a chunk can have at most
};

/// Of the table `words` of one database. Not thread-safe.
class WordRanking {
 public:
  /// `most_chunks`: a word that more chunks have tells nothing, and is left out beside any other.
  explicit WordRanking(std::size_t most_chunks = 20'000) : most_chunks_(most_chunks) {}

  /// Chunks have come or gone: all is read anew when it is next needed.
  void forget();

  /// Words as query_words() gives them. A chunk's score is its BM25 as a share of what one that is full of all the words would
  /// have: a word that no chunk has counts in that, so that a question in other words than the base's own scores low. `admit`
  /// (may be empty) says which ids may be found.
  [[nodiscard]] core::Result<std::vector<Ranked>> best(Database const& database, std::vector<std::string> const& words,
                                                       std::size_t count, std::function<bool(std::int64_t)> const& admit = {});

 private:
  struct Posting {
    std::uint32_t place;  // in ids_
    float weight;
  };
  struct List {
    std::vector<Posting> postings;
    float rarity = 0;         // ln(1 + (N - n + 1/2) / (n + 1/2)), which is never negative
    bool everywhere = false;  // more than most_chunks_
  };
  core::Result<void> read_lengths(Database const& database);
  core::Result<List> read(Database const& database, std::string const& word) const;
  core::Result<List const*> list(Database const& database, std::string const& word);

  std::size_t most_chunks_;
  bool fresh_ = false;
  std::vector<std::int64_t> ids_;  // ascending
  std::vector<float> lengths_;     // k1 (1 - b + b * words / average words), one an id
  std::unordered_map<std::string, List> lists_;
  std::size_t kept_ = 0;  // postings in lists_
};

}  // namespace parley::knowledge
