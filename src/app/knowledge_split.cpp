#include "app/knowledge_split.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "app/json_lines.hpp"
#include "knowledge/splitter.hpp"

namespace parley::app {
namespace {

constexpr std::size_t batch_bytes = 4U << 20U;  // read before the lines in it are shared out among the cores

core::Error no_object() {
  return {core::Code::invalid, "each line must be one JSON object with the text to split as 'input'", {}, {}};
}

/// The lines of one thread. Lines in a row mostly have the same parameters: the splitter is kept until they change.
class LineSplitter {
 public:
  /// Appends the answer to one line. False: it is an error.
  bool answer(std::string_view line, std::string& out) {
    auto chunks = split(line);
    out.reserve(out.size() + line.size() + line.size() / 4);
    if (!chunks) {
      out += R"({"error":)";
      append_json(out, core::describe(chunks.error()));
      out += "}\n";
      return false;
    }
    out += R"({"chunks":[)";
    for (std::size_t i = 0; i < chunks->size(); ++i) {
      if (i > 0) out += ',';
      append_json(out, (*chunks)[i].text);
    }
    out += R"(],"start_index":[)";
    for (std::size_t i = 0; i < chunks->size(); ++i) {
      if (i > 0) out += ',';
      fmt::format_to(std::back_inserter(out), "{}", (*chunks)[i].begin);
    }
    out += "]}\n";
    return true;
  }

 private:
  core::Result<std::vector<knowledge::Chunk>> split(std::string_view line) {
    simdjson::dom::object request;
    if (parser_.parse(line.data(), line.size()).get(request) != simdjson::SUCCESS) return std::unexpected(no_object());
    std::string_view input;
    if (request["input"].get(input) != simdjson::SUCCESS) return std::unexpected(no_object());
    simdjson::dom::element given;
    std::string const params = request["params"].get(given) == simdjson::SUCCESS ? simdjson::minify(given) : "null";
    if (!splitter_ || params != params_) {
      auto rules = knowledge::split_rules_from_json(nlohmann::json::parse(params, nullptr, false));
      if (!rules) return std::unexpected(rules.error());
      auto made = knowledge::Splitter::make(std::move(*rules));
      if (!made) return std::unexpected(made.error());
      splitter_ = std::move(*made);
      params_ = params;
    }
    return splitter_->split(input);
  }

  simdjson::dom::parser parser_;
  std::string params_;
  std::optional<knowledge::Splitter> splitter_;
};

/// Some lines, their answers, and who makes them.
struct Share {
  LineSplitter splitter;
  std::vector<std::string> lines;
  std::string out;
  bool all = true;

  void work() {
    for (auto const& line : lines) all = splitter.answer(line, out) && all;
    lines.clear();
  }
};

}  // namespace

int knowledge_split(std::istream& in, std::ostream& out) {
  std::vector<Share> shares(std::clamp(std::thread::hardware_concurrency(), 1U, 16U));
  for (bool more = true; more;) {
    // Whoever talks to us line by line waits for each answer; whoever sends a file is read ahead of.
    std::vector<std::string> lines;
    std::size_t bytes = 0;
    do {
      std::string line;
      more = static_cast<bool>(std::getline(in, line));
      if (!more || line.find_first_not_of(" \t\r") == std::string::npos) continue;
      bytes += line.size();
      lines.push_back(std::move(line));
    } while (more && bytes < batch_bytes && in.rdbuf()->in_avail() > 0);
    // Each takes a run of lines of about the same number of bytes, so that the answers stay in order.
    std::size_t taken = 0;
    std::size_t given = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      auto const until = bytes * (i + 1) / shares.size();
      while (taken < lines.size() && (given < until || i + 1 == shares.size())) {
        given += lines[taken].size();
        shares[i].lines.push_back(std::move(lines[taken++]));
      }
    }
    {
      std::vector<std::jthread> helpers;
      for (std::size_t i = 1; i < shares.size(); ++i) {
        if (!shares[i].lines.empty()) helpers.emplace_back([&share = shares[i]] { share.work(); });
      }
      shares[0].work();
    }
    for (auto& share : shares) {
      out << share.out;
      share.out.clear();
    }
    out.flush();
  }
  return std::ranges::all_of(shares, &Share::all) ? 0 : 1;
}

}  // namespace parley::app
