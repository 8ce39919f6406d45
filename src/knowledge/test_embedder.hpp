#pragma once
// For tests: vectors of words. Texts that share words are near each other.
#include <atomic>
#include <cmath>
#include <functional>

#include "knowledge/words.hpp"
#include "language/embedder.hpp"

namespace parley::knowledge {

class WordEmbedder final : public language::Embedder {
 public:
  std::string identity() const override { return "words/64"; }
  std::size_t dimensions() const override { return 64; }
  core::Job embed(std::vector<std::string> texts, language::Purpose, core::Urgency, Sink sink) override {
    embedded += texts.size();
    std::vector<language::Vector> vectors;
    for (auto const& text : texts) {
      language::Vector vector(64, 0.001F);
      for (auto const& word : query_words(text)) vector[std::hash<std::string>{}(word) % 64] += 1;
      float sum = 0;
      for (float const x : vector) sum += x * x;
      for (float& x : vector) x /= std::sqrt(sum);
      vectors.push_back(std::move(vector));
    }
    sink(std::move(vectors));
    return {};
  }
  std::atomic<std::size_t> embedded = 0;
};

}  // namespace parley::knowledge
