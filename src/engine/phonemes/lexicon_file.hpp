#pragma once
// For tests: a small lexicon.bin in the form that models/convert/mandarin_lexicon.py writes.
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace parley::engine {

struct LexiconFile {
  std::map<std::u32string, float> words;                         // log probabilities
  std::map<std::u32string, std::vector<std::uint32_t>> phrases;  // indices into syllables
  std::map<char32_t, std::uint32_t> characters;
  std::vector<std::string> syllables;

  [[nodiscard]] std::string bytes() const {
    std::string spelled;
    for (auto const& syllable : syllables) spelled += (spelled.empty() ? "" : " ") + syllable;
    std::vector<std::uint32_t> phrase_syllables;
    auto const nodes = trie(phrase_syllables);
    std::string out = "PARLEYZH";
    for (auto const count : {std::size_t{1}, spelled.size(), characters.size(), nodes.size(), phrase_syllables.size()}) {
      put(out, static_cast<std::uint32_t>(count));
    }
    out += spelled;
    for (auto const& [c, syllable] : characters) {
      put(out, static_cast<std::uint32_t>(c));
      put(out, syllable);
      for (int i = 0; i < 4; ++i) put(out, -5.0F);
    }
    for (auto const& node : nodes) {
      put(out, static_cast<std::uint32_t>(node.c));
      put(out, node.child);
      put(out, node.probability);
      put(out, node.phrase);
    }
    for (auto const syllable : phrase_syllables) put(out, syllable);
    put(out, -20.0F);  // an unknown word
    for (auto const start : {-0.26F, -3.14e37F, -3.14e37F, -1.46F}) put(out, start);
    for (int i = 0; i < 16; ++i) put(out, i == 1 || i == 12 ? -0.5F : -9.0F);  // B→E, S→B
    return out;
  }

  [[nodiscard]] std::filesystem::path write(std::filesystem::path const& folder) const {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "lexicon.bin", std::ios::binary) << bytes();
    return folder;
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  struct Node {
    char32_t c = 0;
    std::uint32_t child = 1;
    float probability = -std::numeric_limits<float>::infinity();
    std::uint32_t phrase = none;
  };
  struct Tree {
    std::map<char32_t, Tree> children;
  };

  template <class T>
  static void put(std::string& out, T value) {
    out.append(reinterpret_cast<char const*>(&value), sizeof value);
  }

  [[nodiscard]] std::vector<Node> trie(std::vector<std::uint32_t>& phrase_syllables) const {
    Tree tree;
    auto const grow = [&tree](std::u32string const& word) {
      auto* at = &tree;
      for (auto const c : word) at = &at->children[c];
    };
    for (auto const& [word, p] : words) grow(word);
    for (auto const& [word, s] : phrases) grow(word);
    std::vector<Node> nodes(1);
    std::deque<std::tuple<std::u32string, Tree const*, std::size_t>> queue{{U"", &tree, 0}};
    for (; !queue.empty(); queue.pop_front()) {
      auto const [prefix, branch, index] = queue.front();
      nodes[index].child = static_cast<std::uint32_t>(nodes.size());
      for (auto const& [c, below] : branch->children) {
        auto const word = prefix + c;
        Node node{.c = c};
        if (auto const found = words.find(word); found != words.end()) node.probability = found->second;
        if (auto const found = phrases.find(word); found != phrases.end()) {
          node.phrase = static_cast<std::uint32_t>(phrase_syllables.size());
          phrase_syllables.insert(phrase_syllables.end(), found->second.begin(), found->second.end());
        }
        queue.emplace_back(word, &below, nodes.size());
        nodes.push_back(node);
      }
    }
    return nodes;
  }
};

/// 银行 行长 他在行走 with their readings.
inline LexiconFile small_lexicon() {
  return {.words = {{U"银行", -8}, {U"行长", -9}, {U"长", -7}, {U"行", -7}, {U"在", -4}, {U"他", -4}, {U"你好", -8}},
          .phrases = {{U"银行", {6, 1}}, {U"行长", {1, 8}}, {U"你好", {4, 2}}},
          .characters = {{U'你', 4}, {U'他', 5}, {U'在', 7}, {U'好', 2}, {U'行', 3}, {U'银', 6}, {U'长', 0}},
          .syllables = {"chang2", "hang2", "hao3", "xing2", "ni3", "ta1", "yin2", "zai4", "zhang3"}};
}

}  // namespace parley::engine
