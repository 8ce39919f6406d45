#include "app/models_command.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/config.hpp"
#include "app/interrupt.hpp"
#include "app/text_table.hpp"
#include "app/voice_measuring.hpp"
#include "engine/ggml/gguf_shape.hpp"
#include "models/store.hpp"

namespace parley::app {
namespace {

using namespace std::chrono_literals;
using models::Model;
using models::State;
using models::Store;
using Steady = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> ids;
  std::string id;
  std::string from, to, precision;
  bool json = false;
  bool all = false;
};

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << '\n';
  return 1;
}

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes + 500000) / 1000000); }

/// On a terminal one line that is written over; elsewhere a line every few seconds, for logs.
class ProgressLine {
 public:
  explicit ProgressLine(int file) : file_(file), columns_(terminal_columns(file)) {
    if (columns_ == 0) shown_ = Steady::now();  // what is quick needs no line in a log
  }
  ~ProgressLine() { clear(); }
  ProgressLine(ProgressLine const&) = delete;
  ProgressLine& operator=(ProgressLine const&) = delete;

  void show(models::Progress const& now) {
    auto const time = Steady::now();
    auto const pause = columns_ > 0 ? Steady::duration(100ms) : Steady::duration(4s);
    if (time - shown_ < pause) return;
    shown_ = time;
    auto const text = line(now, time);
    write(columns_ > 0 ? "\r\x1b[K" + fit(text, columns_ - 1) : text + "\n");
    dirty_ = columns_ > 0;
  }

  void clear() {
    if (dirty_) write("\r\x1b[K");
    dirty_ = false;
  }

 private:
  [[nodiscard]] std::string line(models::Progress const& now, Steady::time_point time) {
    std::string text = std::string(now.model) + ": " + std::string(now.stage);
    if (now.total > 0) {
      text += " " + std::to_string(now.done * 100 / now.total) + " % of " + megabytes(now.total) + " MB";
    }
    if (stage_ != now.stage || now.done < begun_done_) {
      stage_ = now.stage;
      begun_ = time;
      begun_done_ = now.done;
    }
    auto const seconds = std::chrono::duration<double>(time - begun_).count();
    if (stage_ == "download" && seconds > 2 && now.done > begun_done_) {
      auto const rate = static_cast<double>(now.done - begun_done_) / seconds;
      auto const left = static_cast<double>(now.total - std::min(now.done, now.total)) / rate;
      std::array<char, 64> more{};
      std::snprintf(more.data(), more.size(), ", %.1f MB/s, %.0f s left", rate / 1e6, left);
      text += more.data();
    }
    return text + " (" + std::string(now.what) + ")";
  }

  void write(std::string const& text) const {
    if (::write(file_, text.data(), text.size()) < 0) return;  // progress is not worth an error
  }

  int file_;
  std::size_t columns_;
  Steady::time_point shown_{};
  Steady::time_point begun_{};
  std::string stage_;
  std::uint64_t begun_done_ = 0;
  bool dirty_ = false;
};

core::Result<std::vector<Model const*>> chosen(Store const& store, Options const& options, auto const& unless_named) {
  std::vector<Model const*> models;
  for (auto const& id : options.ids) {
    auto const model = store.catalog().get(id);
    if (!model) return std::unexpected(model.error());
    if (std::ranges::find(models, *model) == models.end()) models.push_back(*model);
  }
  if (!options.ids.empty()) return models;
  for (auto const& model : store.catalog().models()) {
    if (unless_named(model)) models.push_back(&model);
  }
  return models;
}

std::string short_list(std::vector<std::string> const& languages) {
  std::string text;
  for (std::size_t i = 0; i < languages.size() && i < 3; ++i) text += (i ? " " : "") + languages[i];
  if (languages.size() > 3) text += " +" + std::to_string(languages.size() - 3);
  return text;
}

nlohmann::ordered_json as_json(Store const& store, Model const& model) {
  nlohmann::ordered_json json{{"id", model.id},
                              {"name", model.name},
                              {"task", models::name(model.task)},
                              {"languages", model.languages},
                              {"licence", model.licence},
                              {"publisher", model.publisher},
                              {"disk_mb", model.disk_mb},
                              {"memory_mb", model.memory_mb},
                              {"default", model.is_default},
                              {"revision", model.revision},
                              {"state", models::name(store.state(model))},
                              {"path", store.directory(model).string()},
                              {"sources", nlohmann::ordered_json::array()}};
  for (auto const& source : model.sources) json["sources"].push_back(source.name);
  return json;
}

int list(Store& store, Options const& options) {
  if (options.json) {
    auto all = nlohmann::ordered_json::array();
    for (auto const& model : store.catalog().models()) all.push_back(as_json(store, model));
    std::cout << all.dump(2) << '\n';
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"MODEL", "TASK", "STATE", "DISK", "MEMORY", "LANGUAGES", "LICENCE", "NAME"}};
  int missing = 0;
  for (auto const& model : store.catalog().models()) {
    auto const state = store.state(model);
    missing += model.is_default && state != State::present ? 1 : 0;
    rows.push_back({model.id + (model.is_default ? " *" : ""), std::string(models::name(model.task)),
                    std::string(models::name(state)), std::to_string(model.disk_mb) + " MB",
                    std::to_string(model.memory_mb) + " MB", short_list(model.languages), model.licence, model.name});
  }
  std::cout << table(rows, terminal_columns(STDOUT_FILENO)) << '\n';
  std::cout << "* is what `parley models pull` gets; "
            << (missing == 0 ? "all of these are here." : std::to_string(missing) + " of these are not here yet.") << '\n';
  return 0;
}

/// With the model comes what it needs of the voices in use.
int measure_voices(Store const& store) {
  auto const config = load_config(share_folder() / "config" / "parley.yaml");
  if (!config) return complain(config.error());
  auto const folder = store.require("kokoro-82m");
  if (!folder) return complain(folder.error());
  auto const done = measure_voices_in_use(*folder, *config, [](std::string const& what) { std::cout << what << std::endl; });
  return done ? 0 : complain(done.error());
}

int pull(Store& store, Options const& options) {
  auto const models = chosen(store, options, [&](Model const& model) { return options.all || model.is_default; });
  if (!models) return complain(models.error());
  Interrupt const interrupt;
  int exit_code = 0;
  for (auto const* model : *models) {
    ProgressLine line(STDERR_FILENO);
    auto const begun = Steady::now();
    auto const done = store.pull(*model, {[&](models::Progress const& now) { line.show(now); }, interrupt.token()});
    line.clear();
    if (!done) {
      exit_code = 1;
      complain(done.error());
      if (interrupt.token().stop_requested()) break;
      continue;
    }
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - begun).count();
    std::cout << model->id << (*done ? ": fetched in " + std::to_string(seconds) + " s" : std::string(": here and whole"))
              << std::endl;
  }
  bool const voices = std::ranges::any_of(*models, [](Model const* model) { return model->id == "kokoro-82m"; });
  return exit_code == 0 && voices ? measure_voices(store) : exit_code;
}

int verify(Store& store, Options const& options) {
  auto const models = chosen(store, options, [&](Model const& model) { return store.state(model) != State::absent; });
  if (!models) return complain(models.error());
  if (models->empty()) std::cout << "no model is here yet; `parley models pull` gets them\n";
  Interrupt const interrupt;
  int exit_code = 0;
  for (auto const* model : *models) {
    ProgressLine line(STDERR_FILENO);
    auto const done = store.verify(*model, {[&](models::Progress const& now) { line.show(now); }, interrupt.token()});
    line.clear();
    if (done) {
      std::cout << model->id << ": whole" << std::endl;
      continue;
    }
    exit_code = 1;
    auto error = done.error();
    error.message = model->id + ": " + error.message;
    complain(error);
    if (interrupt.token().stop_requested()) break;
  }
  return exit_code;
}

int quantise(Options const& options) {
  auto const threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  auto const done = engine::quantise(options.from, options.to, options.precision, threads);
  return done ? 0 : complain(done.error());
}

int path(Store& store, Options const& options) {
  auto const folder = store.require(options.id);
  if (!folder) return complain(folder.error());
  std::cout << folder->string() << '\n';
  return 0;
}

}  // namespace

void add_models_command(CLI::App& app, int& exit_code) {
  auto* models = app.add_subcommand("models", "list, fetch and check the models that run on this machine");
  models->require_subcommand(1);
  auto const options = std::make_shared<Options>();
  auto const run = [options, &exit_code](auto const& command) {
    return [options, &exit_code, command] {
      auto store = models::open_store(share_folder());
      exit_code = store ? command(*store, *options) : complain(store.error());
    };
  };
  auto* list_command = models->add_subcommand("list", "all models of the catalog, and which are here");
  list_command->add_flag("--json", options->json, "as JSON, with paths and sources");
  list_command->callback(run(list));
  auto* pull_command = models->add_subcommand("pull", "fetch models and check every byte; goes on where it was stopped");
  auto* ids = pull_command->add_option("ids", options->ids, "which models; without any, those marked * in the list");
  pull_command->add_flag("--all", options->all, "every model of the catalog")->excludes(ids);
  pull_command->callback(run(pull));
  auto* verify_command = models->add_subcommand("verify", "read every byte of the models that are here and compare");
  verify_command->add_option("ids", options->ids, "which models; without any, all that are here");
  verify_command->callback(run(verify));
  auto* path_command = models->add_subcommand("path", "the folder of a model that is ready for use");
  path_command->add_option("id", options->id, "which model")->required();
  path_command->callback(run(path));
  auto* quantise_command =
      models->add_subcommand("quantise", "make a smaller GGUF file of one, with weights of less precision");
  quantise_command->add_option("from", options->from, "the GGUF file")->required();
  quantise_command->add_option("to", options->to, "the file to make")->required();
  quantise_command->add_option("precision", options->precision, "Q8_0, Q5_K_M, Q4_K_M, Q3_K_M or Q2_K")->required();
  quantise_command->callback([options, &exit_code] { exit_code = quantise(*options); });
}

}  // namespace parley::app
