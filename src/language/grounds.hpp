#pragma once
// What an answer stands on: the passages that were found for it, where it cites them, and which of its sentences they bear out.
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace parley::language {

/// A passage as the model was given it. Its number, from 1, is its place among the sources.
struct Source {
  std::string path, title, text;
  std::size_t begin = 0, end = 0;  ///< code points of the document's text
  int page = 0;                    ///< from 1; 0 where there are no pages
  bool operator==(Source const&) const = default;
};

/// "[2]" in the answer. Numbers that no source has are taken out of the answer.
struct Citation {
  std::size_t number = 0;
  std::size_t begin = 0, end = 0;  ///< code points of the answer
  bool operator==(Citation const&) const = default;
};

/// A sentence of the answer that claims something.
struct Claim {
  std::size_t begin = 0, end = 0;  ///< code points of the answer
  std::string verdict;             ///< "supported", "not_found", "contradicted"
  std::string done;                ///< "", "softened", "replaced"
  double similarity = 0;           ///< from 0 to 1, of the words, with what comes nearest
  std::size_t source = 0;          ///< the number of the source it was found in; 0: in the conversation, or nowhere
  std::size_t source_begin = 0, source_end = 0;  ///< code points of that source's text: the evidence
  std::vector<std::string> missing;  ///< kinds of what the source does not say: "number", "date", "name", "words"; "certainty"
  bool operator==(Claim const&) const = default;
};

struct Grounds {
  std::vector<Source> sources;
  std::vector<Citation> citations;
  std::vector<Claim> claims;
  bool whole = false;  ///< false: the answer is still being written, and only its sources are known
  bool operator==(Grounds const&) const = default;
};

/// The shape that clients get: {"sources": [{"number", "path", …}], "citations": […], "claims": […], "whole"}.
[[nodiscard]] nlohmann::json to_json(Grounds const& grounds);
/// What `to_json` wrote. Throws nlohmann::json::exception on anything else.
[[nodiscard]] Grounds grounds_from_json(nlohmann::json const& json);

}  // namespace parley::language
