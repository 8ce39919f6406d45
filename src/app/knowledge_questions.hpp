#pragma once
// `parley knowledge test questions.yaml`: how well a base answers one's own questions, and what each stage contributes.
//
//   - question: 怎么安装软件包？
//     expect: apt.8          # part of the document's path or title, or a list of such; any of them is right
//     contains: apt install  # optional: this text must be in the passage too
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "knowledge/search.hpp"

namespace parley::app {

struct Question {
  std::string text;
  std::vector<std::string> expected;
  std::string contains;
};
[[nodiscard]] core::Result<std::vector<Question>> parse_questions(std::string const& yaml, std::string const& file);
[[nodiscard]] core::Result<std::vector<Question>> load_questions(std::filesystem::path const& file);

/// One way of searching. Shares of all questions; MRR over the first ten passages.
struct WayScore {
  std::string way;
  double recall_1 = 0, recall_5 = 0, recall_10 = 0, mrr = 0, no_hit = 0;
  double p50_ms = 0, p99_ms = 0;  ///< of the search, the question's vector aside
};
/// `options`: how lists are fused; its way and count do not matter.
[[nodiscard]] core::Result<std::vector<WayScore>> ask_all(std::vector<Question> const& questions, knowledge::Store const& store,
                                                          language::Embedder& embedder, knowledge::SearchOptions options);
/// Of the ten nearest by meaning, the share that the quick search finds. Reads all vectors for every question.
[[nodiscard]] core::Result<double> recall_of_scan(std::vector<Question> const& questions, knowledge::Store const& store,
                                                  language::Embedder& embedder);
[[nodiscard]] std::string to_table(std::vector<WayScore> const& scores);
[[nodiscard]] nlohmann::json to_json(std::vector<WayScore> const& scores);

}  // namespace parley::app
