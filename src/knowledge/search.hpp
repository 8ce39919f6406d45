#pragma once
// Finding passages: by meaning and by words, the two lists fused, what is no hit left out, neighbours joined to one passage.
//
// Fused by rank (Cormack et al. 2009, reciprocal rank fusion), or by score (Bruch et al. 2023, "An Analysis of Fusion Functions
// for Hybrid Retrieval"): the cosine, stretched over the range of the question's nearest chunks, plus a weight times the share
// of the question's words that the chunk has, as BM25 counts them.
#include <string>
#include <unordered_map>
#include <vector>

#include "knowledge/store.hpp"

namespace parley::knowledge {

enum class Way : std::uint8_t { hybrid, meaning, words };

struct SearchOptions {
  std::size_t count = 5;
  Way way = Way::hybrid;
  Filter filter;
  double fusion_k = 60;     ///< score = Σ weight / (k + rank), rank from 1; 0: by score
  double words_weight = 1;  ///< of the words; the meaning has 1
  /// A passage is a hit when its cosine with the question is at least this, or when it has enough of the question's words.
  /// The default is multilingual-e5-small's, whose cosines lie between 0.7 and 1.
  double least_cosine = 0.82;
  double least_words = 0.5;  ///< of the question's words, those that are in the passage
  bool join = true;          ///< neighbours that are both hits become one passage
};

struct Passage {
  std::string path, title;
  std::string text;
  std::size_t begin = 0, end = 0;  ///< code points of the document's text
  int page = 0;                    ///< of its beginning
  std::size_t ordinal = 0;         ///< of its first chunk
  std::size_t chunks = 1;
  double score = 0;   ///< the fusion's
  double cosine = 0;  ///< the best of its chunks'
};

/// Best first; empty when nothing is a hit. `vector` is the question's.
[[nodiscard]] core::Result<std::vector<Passage>> search(Store const& store, language::Vector const& vector,
                                                        std::string const& question, SearchOptions const& options);

/// The same, waiting for the question's vector.
[[nodiscard]] core::Result<std::vector<Passage>> search(Store const& store, language::Embedder& embedder,
                                                        std::string const& question, SearchOptions const& options,
                                                        core::Urgency urgency);

struct RankedList {
  std::vector<Ranked> best;  ///< first
  double weight = 1;
};
/// Those of the cosines' list and of the words', best first: a stretched cosine plus `weight` times the words' share.
/// `cosines`: of every chunk that is in either list.
[[nodiscard]] std::vector<Ranked> blend(std::vector<Ranked> const& nearest, std::vector<Ranked> const& by_words,
                                        std::unordered_map<std::int64_t, double> const& cosines, double weight);

/// Σ weight / (k + rank) over the lists, best first; equal scores in the order they were met.
[[nodiscard]] std::vector<Ranked> fuse(std::vector<RankedList> const& lists, double k);

/// Neighbours of one document become one passage, in the place of the better one; the text they share is written once.
[[nodiscard]] std::vector<Passage> join_neighbours(std::vector<Passage> passages);

/// The share of the question's words that the text has; 0 for a question without words.
[[nodiscard]] double word_share(std::vector<std::string> const& words, std::string const& text);

}  // namespace parley::knowledge
