#include "knowledge/split_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "knowledge/utf8_bytes.hpp"

namespace parley::knowledge {
namespace {

using core::Code;
using core::fail;
using core::Result;
using nlohmann::json;
using Separators = std::vector<std::string>;

/// What begins a section of a language's source, as LangChain lists it, then paragraphs, lines, words.
SplitRules code_rules(Separators heads, std::size_t size = 4000, std::size_t overlap = 200) {
  heads.insert(heads.end(), {"\n\n", "\n", " ", ""});
  SplitRules rules;
  rules.size = size;
  rules.overlap = overlap;
  rules.separators = std::move(heads);
  rules.regex = true;
  return rules;
}

SplitRules html_rules() {
  SplitRules rules = code_rules({});
  rules.separators = {"<body",   "<div",    "<p",    "<br",    "<li",    "<h1",     "<h2",   "<h3",    "<h4",
                      "<h5",     "<h6",     "<span", "<table", "<tr",    "<td",     "<th",   "<ul",    "<ol",
                      "<header", "<footer", "<nav",  "<head",  "<style", "<script", "<meta", "<title", ""};
  return rules;
}

SplitRules markdown_rules() { return code_rules({"\n#{1,6} ", "```\n", "\n\\*\\*\\*+\n", "\n---+\n", "\n___+\n"}); }

/// Sentences of both languages; marks end the sentence they belong to.
SplitRules prose_rules(std::size_t size, std::size_t overlap) {
  SplitRules rules;
  rules.size = size;
  rules.overlap = overlap;
  rules.regex = true;
  rules.keep = Keep::end;
  rules.whole_graphemes = true;
  rules.separators = {"\n\n", "\n", "(?:[。！？…]+[”’」』）]*|[.!?]+[\"')\\]]* )", "[；;]", "[，、]|, ", " ", ""};
  return rules;
}

std::map<std::string, SplitRules> const& presets() {
  static std::map<std::string, SplitRules> const all = [] {
    std::map<std::string, SplitRules> made{
        {"zh", prose_rules(300, 50)},
        {"en", prose_rules(800, 120)},
        {"markdown", markdown_rules()},
        {"html", html_rules()},
        {"code",
         code_rules({"\n(?=(?:class|def|fn|func|function|struct|enum|impl|public|static|void|const|let|var) )"}, 1200, 0)},
        {"python", code_rules({"\nclass ", "\ndef ", "\n\tdef "})},
        {"cpp", code_rules({"\nclass ", "\nvoid ", "\nint ", "\nfloat ", "\ndouble ", "\nif ", "\nfor ", "\nwhile ",
                            "\nswitch ", "\ncase "})},
        {"java", code_rules({"\nclass ", "\npublic ", "\nprotected ", "\nprivate ", "\nstatic ", "\nif ", "\nfor ", "\nwhile ",
                             "\nswitch ", "\ncase "})},
        {"js", code_rules({"\nfunction ", "\nconst ", "\nlet ", "\nvar ", "\nclass ", "\nif ", "\nfor ", "\nwhile ",
                           "\nswitch ", "\ncase ", "\ndefault "})},
        {"go", code_rules({"\nfunc ", "\nvar ", "\nconst ", "\ntype ", "\nif ", "\nfor ", "\nswitch ", "\ncase "})},
        {"rust", code_rules({"\nfn ", "\nconst ", "\nlet ", "\nif ", "\nwhile ", "\nfor ", "\nloop ", "\nmatch "})},
    };
    return made;
  }();
  return all;
}

constexpr std::pair<std::string_view, Measure> measures[] = {
    {"codepoints", Measure::code_points},
    {"utf8_bytes", Measure::utf8_bytes},
    {"utf16_units", Measure::utf16_units},
    {"words", Measure::words},
    {"ceil_codepoints_div_4", Measure::code_points_over_4},
};

Separators const known_keys{"chunk_size",         "chunk_overlap",   "separators",       "separators_given", "keep_separator",
                            "is_separator_regex", "length_function", "strip_whitespace", "language",         "preset",
                            "grapheme_safe",      "add_start_index"};

/// The value of an optional key; null is as good as absent.
json const* given(json const& params, char const* key) {
  auto const at = params.find(key);
  return at == params.end() || at->is_null() ? nullptr : &*at;
}

Result<void> read_size(json const& params, char const* key, std::size_t& out) {
  auto const* value = given(params, key);
  if (value == nullptr) return {};
  if (!value->is_number_integer() || value->get<std::int64_t>() < 0 || value->get<std::int64_t>() > 1'000'000'000) {
    return fail(Code::invalid, fmt::format("'{}' must be a whole number from 0 to 1000000000", key), key);
  }
  out = value->get<std::size_t>();
  return {};
}

Result<void> read_flag(json const& params, char const* key, bool& out) {
  auto const* value = given(params, key);
  if (value == nullptr) return {};
  if (!value->is_boolean()) return fail(Code::invalid, fmt::format("'{}' must be true or false", key), key);
  out = value->get<bool>();
  return {};
}

Result<void> read_keep(json const& params, Keep& out) {
  auto const* value = given(params, "keep_separator");
  if (value == nullptr) return {};
  if (*value == true || *value == "start")
    out = Keep::start;
  else if (*value == "end")
    out = Keep::end;
  else if (*value == false)
    out = Keep::none;
  else
    return fail(Code::invalid, "'keep_separator' must be true, false, \"start\" or \"end\"", "keep_separator");
  return {};
}

Result<void> read_measure(json const& params, Measure& out) {
  auto const* value = given(params, "length_function");
  if (value == nullptr) return {};
  for (auto const& [name, measure] : measures) {
    if (*value == name) {
      out = measure;
      return {};
    }
  }
  return fail(Code::invalid, "'length_function' must be codepoints, utf8_bytes, utf16_units, words or ceil_codepoints_div_4",
              "length_function");
}

Result<void> read_separators(json const& params, SplitRules& rules) {
  auto const* value = given(params, "separators");
  if (value == nullptr || value->empty()) return {};  // as in LangChain, an empty list is no list
  if (!value->is_array()) return fail(Code::invalid, "'separators' must be a list of texts", "separators");
  rules.separators.clear();
  for (auto const& one : *value) {
    if (!one.is_string()) return fail(Code::invalid, "'separators' must be a list of texts", "separators");
    rules.separators.push_back(one.get<std::string>());
  }
  return {};
}

}  // namespace

Result<SplitRules> split_preset(std::string_view name) {
  auto const found = presets().find(std::string(name));
  if (found != presets().end()) return found->second;
  Separators names;
  for (auto const& [known, ignored] : presets()) names.push_back(known);
  return fail(Code::not_found, fmt::format("there is no preset '{}' for splitting; there are {}", name, fmt::join(names, ", ")),
              "preset");
}

Result<SplitRules> split_rules_from_json(json const& params) {
  SplitRules rules;
  if (params.is_null()) return rules;
  if (!params.is_object()) return fail(Code::invalid, "'params' must be an object", "params");
  for (auto const& [key, ignored] : params.items()) {
    if (std::ranges::find(known_keys, key) != known_keys.end()) continue;
    auto const near = core::suggest(key, known_keys);
    return fail(Code::invalid,
                fmt::format("there is no parameter '{}'{}", key, near.empty() ? "" : "; did you mean '" + near + "'?"), key);
  }
  bool const own_list = given(params, "separators") != nullptr && !params["separators"].empty();
  for (char const* key : {"language", "preset"}) {
    auto const* value = given(params, key);
    if (value == nullptr || (own_list && std::string_view(key) == "language")) continue;
    if (!value->is_string()) return fail(Code::invalid, fmt::format("'{}' must be a text", key), key);
    auto preset = split_preset(value->get<std::string>());
    if (!preset) return std::unexpected(preset.error());
    rules = std::move(*preset);
  }
  if (own_list) rules.regex = false;
  if (auto done = read_separators(params, rules); !done) return std::unexpected(done.error());
  if (auto done = read_size(params, "chunk_size", rules.size); !done) return std::unexpected(done.error());
  if (auto done = read_size(params, "chunk_overlap", rules.overlap); !done) return std::unexpected(done.error());
  if (auto done = read_keep(params, rules.keep); !done) return std::unexpected(done.error());
  if (auto done = read_measure(params, rules.measure); !done) return std::unexpected(done.error());
  bool const by_language = given(params, "language") != nullptr && !own_list;
  if (!by_language) {
    if (auto done = read_flag(params, "is_separator_regex", rules.regex); !done) return std::unexpected(done.error());
  }
  if (auto done = read_flag(params, "strip_whitespace", rules.strip); !done) return std::unexpected(done.error());
  if (auto done = read_flag(params, "grapheme_safe", rules.whole_graphemes); !done) return std::unexpected(done.error());
  return rules;
}

bool is_strippable(char32_t c) noexcept {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::size_t length_of(std::string_view text, SplitRules const& rules) {
  switch (rules.measure) {
    case Measure::code_points: return count_points(text);
    case Measure::code_points_over_4: return (count_points(text) + 3) / 4;
    case Measure::utf8_bytes: return text.size();
    case Measure::utf16_units: {  // a character of four bytes is a pair
      auto const pairs = std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
      return count_points(text) + static_cast<std::size_t>(pairs);
    }
    case Measure::words: {
      std::size_t length = 0;
      bool inside = false;
      for (char32_t const c : core::decode_utf8(text)) {
        bool const space = is_strippable(c);
        if (!space && !inside) ++length;
        inside = !space;
      }
      return length;
    }
    case Measure::tokens: return rules.count_tokens(std::string(text));
  }
  return text.size();
}

}  // namespace parley::knowledge
