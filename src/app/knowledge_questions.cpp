#include "app/knowledge_questions.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/clock.hpp"
#include "core/file.hpp"

namespace parley::app {
namespace {

using core::Code;
using core::Result;

bool is_right(Question const& question, knowledge::Passage const& passage) {
  bool const there = std::ranges::any_of(question.expected, [&](std::string const& part) {
    return passage.path.find(part) != std::string::npos || passage.title.find(part) != std::string::npos;
  });
  return there && (question.contains.empty() || passage.text.find(question.contains) != std::string::npos);
}

Question read(YAML::Node const& node) {
  if (!node.IsMap() || !node["question"] || !node["expect"]) {
    throw YAML::RepresentationException(node.Mark(), "each entry needs 'question' and 'expect'");
  }
  Question question;
  question.text = node["question"].as<std::string>();
  if (node["expect"].IsSequence())
    question.expected = node["expect"].as<std::vector<std::string>>();
  else
    question.expected = {node["expect"].as<std::string>()};
  if (node["contains"]) question.contains = node["contains"].as<std::string>();
  return question;
}

}  // namespace

Result<std::vector<Question>> parse_questions(std::string const& yaml, std::string const& file) {
  try {
    auto const root = YAML::Load(yaml);
    if (!root.IsSequence() || root.size() == 0) return core::fail(Code::invalid, "there must be a list of questions", file);
    std::vector<Question> questions;
    for (auto const& node : root) questions.push_back(read(node));
    return questions;
  } catch (YAML::Exception const& error) {
    return core::fail(Code::invalid, fmt::format("line {}: {}", error.mark.line + 1, error.msg), file);
  }
}

Result<std::vector<Question>> load_questions(std::filesystem::path const& file) {
  auto const text = core::file_bytes(file);
  if (!text) return core::fail(Code::not_found, "the file of questions cannot be opened", file.string());
  return parse_questions(*text, file.string());
}

Result<std::vector<WayScore>> ask_all(std::vector<Question> const& questions, knowledge::Store const& store,
                                      language::Embedder& embedder, knowledge::SearchOptions options) {
  options.count = 10;
  options.join = false;  // every chunk has a rank of its own
  std::vector<WayScore> scores;
  std::vector<language::Vector> vectors;
  for (auto const& question : questions) {
    auto vector = language::embed_now(embedder, {question.text}, language::Purpose::query, core::Urgency::text);
    if (!vector) return std::unexpected(vector.error());
    vectors.push_back(std::move(vector->front()));
  }
  if (auto loaded = store.by_vector(vectors.front(), 1, {}); !loaded) return std::unexpected(loaded.error());
  auto const count = static_cast<double>(questions.size());
  for (auto const& [name, way] :
       {std::pair{"hybrid", knowledge::Way::hybrid}, {"meaning", knowledge::Way::meaning}, {"words", knowledge::Way::words}}) {
    WayScore score{.way = name};
    std::vector<double> times;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      auto const& question = questions[i];
      options.way = way;
      auto const began = core::Clock::now();
      auto const found = knowledge::search(store, vectors[i], question.text, options);
      times.push_back(std::chrono::duration<double, std::milli>(core::Clock::now() - began).count());
      if (!found) return std::unexpected(found.error());
      auto const right = std::ranges::find_if(*found, [&](auto const& passage) { return is_right(question, passage); });
      if (found->empty()) score.no_hit += 1 / count;
      if (right == found->end()) continue;
      auto const rank = right - found->begin() + 1;
      score.recall_1 += rank <= 1 ? 1 / count : 0;
      score.recall_5 += rank <= 5 ? 1 / count : 0;
      score.recall_10 += 1 / count;
      score.mrr += 1 / static_cast<double>(rank) / count;
    }
    std::ranges::sort(times);
    score.p50_ms = times[times.size() / 2];
    score.p99_ms = times[std::min(times.size() - 1, times.size() * 99 / 100)];
    scores.push_back(score);
  }
  return scores;
}

Result<double> recall_of_scan(std::vector<Question> const& questions, knowledge::Store const& store,
                              language::Embedder& embedder) {
  constexpr std::size_t count = 10;
  double shared = 0, all = 0;
  for (auto const& question : questions) {
    auto const vector = language::embed_now(embedder, {question.text}, language::Purpose::query, core::Urgency::text);
    if (!vector) return std::unexpected(vector.error());
    auto const exact = store.by_vector_exactly(vector->front(), count);
    if (!exact) return std::unexpected(exact.error());
    auto const quick = store.by_vector(vector->front(), count, {});
    if (!quick) return std::unexpected(quick.error());
    for (auto const& one : *exact) shared += std::ranges::find(*quick, one.id, &knowledge::Ranked::id) != quick->end() ? 1 : 0;
    all += static_cast<double>(exact->size());
  }
  return all > 0 ? shared / all : 1;
}

std::string to_table(std::vector<WayScore> const& scores) {
  auto out = fmt::format("{:8} {:>9} {:>9} {:>9} {:>7} {:>7} {:>8} {:>8}\n", "way", "recall@1", "recall@5", "recall@10", "MRR",
                         "no hit", "P50 ms", "P99 ms");
  for (auto const& score : scores) {
    out += fmt::format("{:8} {:9.3f} {:9.3f} {:9.3f} {:7.3f} {:7.3f} {:8.1f} {:8.1f}\n", score.way, score.recall_1,
                       score.recall_5, score.recall_10, score.mrr, score.no_hit, score.p50_ms, score.p99_ms);
  }
  return out;
}

nlohmann::json to_json(std::vector<WayScore> const& scores) {
  nlohmann::json all;
  for (auto const& score : scores) {
    all[score.way] = {{"recall@1", score.recall_1}, {"recall@5", score.recall_5}, {"recall@10", score.recall_10},
                      {"mrr", score.mrr},           {"no_hit", score.no_hit},     {"p50_ms", score.p50_ms},
                      {"p99_ms", score.p99_ms}};
  }
  return all;
}

}  // namespace parley::app
