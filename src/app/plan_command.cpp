#include "app/plan_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <future>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/config.hpp"
#include "app/language_model.hpp"
#include "app/text_table.hpp"
#include "engine/available_memory.hpp"
#include "engine/ggml/gguf_shape.hpp"
#include "engine/ggml/llama_loading.hpp"

namespace parley::app {
namespace {

using core::Result;
using engine::MemoryPlan;
using engine::ModelShape;
using engine::PlanWish;
using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

struct Options {
  std::vector<std::string> models;
  int context = 4096, calls = 4;
  bool json = false, markdown = false, load = false;
};

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << std::endl;
  return 1;
}

std::string mebibytes(std::uint64_t bytes) { return fmt::format("{}", (bytes + (1 << 19)) >> 20); }
std::string gibibytes(std::uint64_t bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes) / (1 << 30)); }

json as_json(MemoryPlan const& plan) {
  return {{"weights", plan.weights}, {"copies", plan.repacked}, {"cache", plan.cache},
          {"compute", plan.compute}, {"words", plan.words},     {"total", plan.total()}};
}

std::string markdown(Rows const& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += fmt::format("| {} |\n", fmt::join(rows[i], " | "));
    if (i > 0) continue;
    text += "|";
    for (std::size_t column = 0; column < rows[i].size(); ++column) text += "---|";
    text += "\n";
  }
  return text;
}

// ---- models that are known by their size, on cards

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
constexpr std::uint64_t cards[] = {24 * gib, 40 * gib, 80 * gib};

struct SizedPrecision {
  std::string_view name, quantisation;
};
constexpr SizedPrecision sized_precisions[] = {{"fp16", "F16"}, {"int8", "Q8_0"}, {"int4", "Q4_K_M"}};

void add_size(ModelShape const& model, std::string const& size, Options const& options, Rows& rows, json& out) {
  for (auto const& precision : sized_precisions) {
    for (bool const flash : {true, false}) {
      PlanWish const wish{.tokens = options.context * options.calls,
                          .batch = 512,
                          .outputs = options.calls,
                          .flash_attention = flash,
                          .precision = precision.quantisation};
      auto const plan = engine::plan_memory(model, wish);
      std::vector<std::string> row{size,
                                   std::string(precision.name),
                                   flash ? "yes" : "no",
                                   gibibytes(plan.weights),
                                   gibibytes(plan.cache),
                                   gibibytes(plan.compute),
                                   gibibytes(plan.total())};
      json entry = as_json(plan);
      entry.update(
          {{"model", model.name}, {"precision", precision.name}, {"flash_attention", flash}, {"cards", json::object()}});
      for (auto const card : cards) {
        int const needed = engine::cards_needed(model, plan, card);
        row.push_back(needed == 0 ? "–" : std::to_string(needed));
        entry["cards"][fmt::format("{} GB", card / gib)] = needed;
      }
      rows.push_back(std::move(row));
      out.push_back(std::move(entry));
    }
  }
}

// ---- files on this machine

engine::LlamaOptions options_of(Options const& options) {
  engine::LlamaOptions llama;
  llama.context_tokens = options.context;
  llama.total_tokens = options.context * options.calls;
  llama.sequences = std::clamp(options.calls, 1, 64);
  return llama;
}

void add_file(ModelShape const& model, Options const& options, engine::AvailableMemory const& memory, Rows& rows, json& out) {
  auto wish = engine::wish_of(options_of(options));
  auto const program = engine::resident_memory().now;
  std::vector<std::string_view> wanted{{}};
  auto const now = engine::plan_memory(model, wish).weights;
  for (auto const& precision : engine::precisions()) {
    wish.precision = precision.name;
    if (engine::plan_memory(model, wish).weights * 20 < now * 19) wanted.push_back(precision.name);
  }
  for (auto const precision : wanted) {
    wish.precision = precision;
    auto const plan = engine::plan_memory(model, wish);
    bool const fits = plan.total() <= memory.bytes;
    auto const name = precision.empty() ? model.precision + " (the file)" : "≈ " + std::string(precision);
    rows.push_back({name, mebibytes(plan.weights), mebibytes(plan.repacked), mebibytes(plan.cache), mebibytes(plan.compute),
                    mebibytes(plan.words), mebibytes(plan.total()), mebibytes(plan.total() + program), fits ? "yes" : "no"});
    json entry = as_json(plan);
    entry.update({{"precision", precision.empty() ? model.precision : std::string(precision)},
                  {"estimated", !precision.empty()},
                  {"with_program", plan.total() + program},
                  {"fits", fits}});
    out.push_back(std::move(entry));
  }
}

/// Loads the model, has it read a thousand tokens and write some, and says what that took at its highest.
Result<json> load(std::filesystem::path const& file, Options const& options, engine::AvailableMemory const& memory) {
  engine::Arbiter arbiter;
  auto loaded = engine::load_within(file, arbiter, options_of(options), memory, make_smaller);
  if (!loaded) return std::unexpected(loaded.error());
  auto const finished = std::make_shared<std::promise<Result<void>>>();
  language::GenerateRequest request;
  std::string text;
  while (text.size() < 4000) text += "A sentence that is read and not understood. ";
  request.messages = {{language::Speaker::user, text}};
  request.sampling.max_tokens = 16;
  auto const job = loaded->model->generate(std::move(request), [finished](language::Piece const& piece) {
    if (auto const* error = std::get_if<core::Error>(&piece))
      finished->set_value(std::unexpected(*error));
    else if (std::holds_alternative<language::Finish>(piece))
      finished->set_value({});
  });
  if (auto const done = finished->get_future().get(); !done) return std::unexpected(done.error());
  return json{{"precision", loaded->precision},
              {"context_tokens", loaded->context_tokens},
              {"total_tokens", loaded->total_tokens},
              {"reduced", loaded->reduced},
              {"peak", engine::resident_memory().peak}};
}

int plan_files(Options const& options) {
  for (auto const& name : options.models) {
    auto const file = find_gguf(name);
    if (!file) return complain(file.error());
    auto const model = engine::read_gguf_shape(*file);
    if (!model) return complain(model.error());
    auto const memory = engine::available_memory();
    Rows rows{{"precision", "weights", "copies", "cache", "compute", "words", "total", "with the program", "fits"}};
    json plans = json::array();
    add_file(*model, options, memory, rows, plans);
    json out{{"model", model->name},      {"file", file->string()}, {"tokens", options.context * options.calls},
             {"available", memory.bytes}, {"limit", memory.limit},  {"plans", std::move(plans)}};
    if (options.load) {
      auto const done = load(*file, options, memory);
      if (!done) return complain(done.error());
      out["loaded"] = *done;
    }
    if (options.json) {
      std::cout << out.dump() << std::endl;
      continue;
    }
    std::cout << fmt::format("{}: {:.0f} million weights; {} × {} tokens of context; {} MiB may be used ({})\nMiB\n",
                             model->name, model->parameters / 1e6, options.calls, options.context, mebibytes(memory.bytes),
                             memory.limit)
              << table(rows);
    if (options.load) {
      std::cout << fmt::format("loaded in {}, {} tokens of context: {} MiB at its highest\n",
                               out["loaded"]["precision"].get<std::string>(), out["loaded"]["total_tokens"].get<int>(),
                               mebibytes(out["loaded"]["peak"].get<std::uint64_t>()));
    }
  }
  return 0;
}

int plan(Options const& options) {
  auto const sized = [](std::string const& name) { return engine::model_of_size(name).has_value(); };
  if (std::ranges::none_of(options.models, sized)) return plan_files(options);
  Rows rows{{"model", "precision", "flash", "weights", "cache", "compute", "total", "24 GB", "40 GB", "80 GB"}};
  json out = json::array();
  for (auto const& size : options.models) {
    auto const model = engine::model_of_size(size);
    if (!model) {
      return complain({core::Code::invalid,
                       fmt::format("'{}' is no size that is known ({}); plan files by themselves", size,
                                   fmt::join(engine::known_sizes(), ", ")),
                       "MODEL",
                       {}});
    }
    add_size(*model, size, options, rows, out);
  }
  if (options.json) {
    std::cout << out.dump() << std::endl;
  } else if (options.markdown) {
    std::cout << markdown(rows);
  } else {
    std::cout << fmt::format("{} × {} tokens of context; GiB, and how many cards of each size\n", options.calls,
                             options.context)
              << table(rows);
  }
  return 0;
}

}  // namespace

void add_plan_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("plan", "say what a language model takes in memory, before it is loaded");
  auto const options = std::make_shared<Options>();
  command
      ->add_option(
          "models", options->models,
          "a model of the catalog, a GGUF file, or sizes on cards: " + fmt::format("{}", fmt::join(engine::known_sizes(), " ")))
      ->required();
  command->add_option("--context", options->context, "tokens of one request (default 4096)")->check(CLI::Range(64, 1 << 20));
  command->add_option("--calls", options->calls, "requests at the same time (default 4)")->check(CLI::Range(1, 64));
  command->add_flag("--json", options->json, "as JSON, in bytes");
  command->add_flag("--markdown", options->markdown, "the table of sizes as Markdown");
  command->add_flag("--load", options->load, "also load it, use it, and say what it took");
  command->callback([options, &exit_code] { exit_code = plan(*options); });
}

}  // namespace parley::app
