#include "app/knowledge_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/interrupt.hpp"
#include "app/knowledge_base.hpp"
#include "app/knowledge_questions.hpp"
#include "app/knowledge_split.hpp"
#include "app/text_table.hpp"
#include "core/log.hpp"
#include "knowledge/ingest.hpp"
#include "knowledge/search.hpp"

namespace parley::app {
namespace {

using core::Result;
using nlohmann::json;

struct Options {
  std::string base = "default";
  std::vector<std::filesystem::path> paths;
  std::vector<std::string> names;
  std::string question;
  std::string way = "hybrid";
  std::string preset;
  std::size_t count = 5;
  knowledge::SearchOptions fusion;
  bool exact = false;
  bool json = false;
};

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << '\n';
  return 1;
}

/// A base and what it is searched with; the arbiter last, so that it stops first.
struct Opened {
  std::shared_ptr<language::Embedder> embedder;
  std::unique_ptr<knowledge::Store> store;
  std::unique_ptr<engine::Arbiter> arbiter = std::make_unique<engine::Arbiter>();
};

/// `make`: an absent base is made.
Result<Opened> open(std::string const& base, bool make) {
  Opened opened;
  auto const file = knowledge_file(base);
  if (!file) return std::unexpected(file.error());
  if (!make && !std::filesystem::exists(*file)) {
    auto absent = knowledge::Store::open_existing(*file);
    if (!absent) return std::unexpected(absent.error());
  }
  auto embedder = open_embedder(*opened.arbiter);
  if (!embedder) return std::unexpected(embedder.error());
  opened.embedder = std::move(*embedder);
  auto store = knowledge::Store::open(*file, opened.embedder->identity(), opened.embedder->dimensions());
  if (!store) return std::unexpected(store.error());
  opened.store = std::move(*store);
  return opened;
}

char const* name(knowledge::Fate fate) {
  switch (fate) {
    case knowledge::Fate::added: return "added";
    case knowledge::Fate::updated: return "updated";
    case knowledge::Fate::unchanged: return "unchanged";
    case knowledge::Fate::failed: break;
  }
  return "failed";
}

int add(Options const& options) {
  Interrupt interrupt;
  auto const files = knowledge::files_in(options.paths);
  if (!files) return complain(files.error());
  auto opened = open(options.base, true);
  if (!opened) return complain(opened.error());
  bool const terminal = isatty(STDERR_FILENO) != 0;
  knowledge::IngestWatch watch;
  watch.stop = interrupt.token();
  watch.progress = [terminal](knowledge::IngestProgress const& now) {
    if (!terminal) return;
    std::cerr << fmt::format("\r\x1b[K[{}/{}] {}/{} {}", now.done, now.files, now.embedded, now.chunks,
                             std::filesystem::path(now.path).filename().string())
              << std::flush;
  };
  auto const reports = knowledge::ingest(*opened->store, *opened->embedder, *files, {.preset = options.preset}, watch);
  if (terminal) std::cerr << "\r\x1b[K";
  if (!reports) return complain(reports.error());
  std::array<std::size_t, 4> counts{};
  for (auto const& report : *reports) {
    ++counts[static_cast<std::size_t>(report.fate)];
    if (options.json) {
      json line{{"path", report.path}, {"fate", name(report.fate)}, {"chunks", report.chunks}};
      if (!report.reason.empty()) line["reason"] = report.reason;
      std::cout << line.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    } else if (report.fate == knowledge::Fate::failed) {
      std::cerr << "skipped " << report.path << ": " << report.reason << '\n';
    }
  }
  if (!options.json) {
    std::cout << fmt::format("{}: {} added, {} updated, {} unchanged, {} failed\n", options.base, counts[0], counts[1],
                             counts[2], counts[3]);
  }
  return counts[3] == 0 ? 0 : 1;
}

json as_json(knowledge::Passage const& passage, std::size_t number) {
  json made{{"number", number},       {"path", passage.path}, {"title", passage.title}, {"text", passage.text},
            {"begin", passage.begin}, {"end", passage.end},   {"score", passage.score}, {"similarity", passage.cosine}};
  if (passage.page > 0) made["page"] = passage.page;
  return made;
}

int search(Options const& options) {
  auto opened = open(options.base, false);
  if (!opened) return complain(opened.error());
  knowledge::SearchOptions wish;
  wish.count = options.count;
  wish.way = options.way == "meaning" ? knowledge::Way::meaning
             : options.way == "words" ? knowledge::Way::words
                                      : knowledge::Way::hybrid;
  auto const found = knowledge::search(*opened->store, *opened->embedder, options.question, wish, core::Urgency::text);
  if (!found) return complain(found.error());
  if (options.json) {
    for (std::size_t i = 0; i < found->size(); ++i) {
      std::cout << as_json((*found)[i], i + 1).dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    }
    return 0;
  }
  if (found->empty()) std::cout << "no hit\n";
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto const& passage = (*found)[i];
    std::cout << fmt::format("[{}] {}{} {}–{} ({:.3f})\n{}\n\n", i + 1, passage.path,
                             passage.page > 0 ? fmt::format(" page {}", passage.page) : "", passage.begin, passage.end,
                             passage.cosine, passage.text);
  }
  return 0;
}

Result<std::unique_ptr<knowledge::Store>> existing(std::string const& base) {
  auto const file = knowledge_file(base);
  if (!file) return std::unexpected(file.error());
  return knowledge::Store::open_existing(*file);
}

int list(Options const& options, bool base_given) {
  if (!base_given && knowledge_names() != std::vector<std::string>{options.base}) {
    for (auto const& base : knowledge_names()) std::cout << (options.json ? json{{"base", base}}.dump() : base) << '\n';
    return 0;
  }
  auto const store = existing(options.base);
  if (!store) return complain(store.error());
  auto const documents = (*store)->documents();
  if (!documents) return complain(documents.error());
  for (auto const& document : *documents) {
    if (options.json) {
      json const line{
          {"path", document.path}, {"title", document.title}, {"chunks", document.chunks}, {"digest", document.digest}};
      std::cout << line.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    } else {
      std::cout << fmt::format("{:6} {}\n", document.chunks, document.path);
    }
  }
  return 0;
}

int remove(Options const& options) {
  auto const store = existing(options.base);
  if (!store) return complain(store.error());
  int status = 0;
  for (auto const& wanted : options.names) {
    // As it was listed, or as the file is called from here.
    auto const path = std::filesystem::absolute(wanted).lexically_normal().string();
    bool gone = false;
    for (auto const& candidate : {wanted, path}) {
      auto const removed = (*store)->remove(candidate);
      if (!removed) return complain(removed.error());
      gone = gone || *removed;
    }
    if (!gone) status = complain({core::Code::not_found, "there is no such document; see `parley knowledge list`", wanted, {}});
  }
  return status;
}

int test(Options const& options) {
  auto const questions = load_questions(options.paths.front());
  if (!questions) return complain(questions.error());
  auto opened = open(options.base, false);
  if (!opened) return complain(opened.error());
  auto const scores = ask_all(*questions, *opened->store, *opened->embedder, options.fusion);
  if (!scores) return complain(scores.error());
  auto told = to_json(*scores);
  auto table = to_table(*scores);
  if (options.exact) {
    auto const recall = recall_of_scan(*questions, *opened->store, *opened->embedder);
    if (!recall) return complain(recall.error());
    told["scan_recall@10"] = *recall;
    table += fmt::format("of the ten nearest by meaning the quick search finds {:.3f}\n", *recall);
  }
  std::cout << (options.json ? told.dump() + "\n" : table);
  return 0;
}

}  // namespace

void add_knowledge_command(CLI::App& app, int& exit_code) {
  auto* knowledge = app.add_subcommand("knowledge", "split, index and search documents");
  knowledge->require_subcommand(1);
  auto const options = std::make_shared<Options>();
  auto const command = [&](char const* word, char const* what) {
    auto* made = knowledge->add_subcommand(word, what);
    made->add_option("--base", options->base, "the knowledge base (default: default)");
    made->add_flag("--json", options->json, "one JSON object a line");
    return made;
  };

  auto* split = knowledge->add_subcommand("split", R"(JSON lines {"input", "params"} to {"chunks", "start_index"})");
  split->callback([&exit_code] {
    std::ios::sync_with_stdio(false);
    exit_code = knowledge_split(std::cin, std::cout);
  });

  auto* adding = command("add", "read files and folders (txt, md, html, pdf, docx, csv) into a base");
  adding->add_option("paths", options->paths, "files and folders")->required();
  adding->add_option("--preset", options->preset, "how to cut: zh, en, markdown, html, code, … (default: by the text)");
  adding->callback([&exit_code, options] { exit_code = (core::start_log("warn"), add(*options)); });

  auto* searching = command("search", "find passages");
  searching->add_option("question", options->question, "what is asked")->required();
  searching->add_option("--count", options->count, "passages at most")->check(CLI::Range(1, 50));
  searching->add_option("--way", options->way, "hybrid, meaning or words")
      ->check(CLI::IsMember({"hybrid", "meaning", "words"}));
  searching->callback([&exit_code, options] { exit_code = (core::start_log("warn"), search(*options)); });

  auto* listing = command("list", "the documents of a base; without --base, the bases");
  listing->callback([&exit_code, options, listing] { exit_code = list(*options, listing->count("--base") > 0); });

  auto* removing = command("remove", "take documents out of a base");
  removing->add_option("documents", options->names, "as `list` names them")->required();
  removing->callback([&exit_code, options] { exit_code = remove(*options); });

  auto* testing = command("test", "recall and rank on your own questions, for each way of searching");
  testing->add_option("questions", options->paths, "a YAML list of {question, expect}")->required()->expected(1);
  testing->add_option("--fusion-k", options->fusion.fusion_k, "fuse by reciprocal ranks with this k; 0: by score")
      ->check(CLI::Range(0.0, 1000.0));
  testing->add_option("--words-weight", options->fusion.words_weight, "try another weight of the words beside the meaning's 1")
      ->check(CLI::Range(0.0, 10.0));
  testing->add_flag("--exact", options->exact, "also compare the search by meaning with looking at every vector");
  testing->callback([&exit_code, options] { exit_code = (core::start_log("warn"), test(*options)); });
}

}  // namespace parley::app
