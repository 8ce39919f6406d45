#include "engine/ggml/llama_adapters.hpp"

#include <fmt/format.h>
#include <gguf.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <map>

namespace parley::engine {
namespace {

struct GgufDeleter {
  void operator()(gguf_context* context) const noexcept { gguf_free(context); }
};

core::Error unusable(std::string const& path, std::string const& why) {
  return {core::Code::unavailable, "this adapter cannot be used: " + why, path, {}};
}

std::string text_of(gguf_context const* table, char const* key) {
  auto const at = gguf_find_key(table, key);
  return at >= 0 && gguf_get_kv_type(table, at) == GGUF_TYPE_STRING ? gguf_get_val_str(table, at) : "";
}

std::string architecture_of(llama_model const* model) {
  std::array<char, 64> name{};
  llama_model_meta_val_str(model, "general.architecture", name.data(), name.size());
  return name.data();
}

/// What llama.cpp would only write into the log, said in time.
core::Result<void> check(std::string const& path, llama_model const* model) {
  if (auto whole = check_gguf_file(path); !whole) {
    return std::unexpected(unusable(path, "the file is missing, damaged or no GGUF file with tensors"));
  }
  std::unique_ptr<gguf_context, GgufDeleter> const table(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!table || text_of(table.get(), "general.type") != "adapter") {
    return std::unexpected(unusable(path, "it holds a model, not an adapter; make one with convert_lora_to_gguf.py"));
  }
  if (auto const type = text_of(table.get(), "adapter.type"); type != "lora") {
    return std::unexpected(unusable(path, fmt::format("it is of the kind '{}'; only 'lora' is known", type)));
  }
  auto const made_for = text_of(table.get(), "general.architecture");
  auto const is = architecture_of(model);
  if (made_for != is) {
    return std::unexpected(
        unusable(path, fmt::format("it is for models of the kind '{}', and this one is '{}'", made_for, is)));
  }
  return {};
}

}  // namespace

core::Result<LlamaAdapters> LlamaAdapters::load(std::shared_ptr<LlamaWeights const> weights,
                                                std::span<LlamaAdapter const> wanted) {
  LlamaAdapters all;
  all.weights_ = std::move(weights);
  std::map<std::string, llama_adapter_lora*> files;  // one file may serve at several scales
  for (auto const& each : wanted) {
    auto const path = each.file.string();
    if (auto usable = check(path, all.weights_->model()); !usable) return std::unexpected(usable.error());
    auto& adapter = files[path];
    if (adapter == nullptr) adapter = llama_adapter_lora_init(all.weights_->model(), path.c_str());
    if (adapter == nullptr) {
      return std::unexpected(unusable(
          path, fmt::format("its matrices do not fit {}; it was made for another model of this kind", all.weights_->name())));
    }
    all.loaded_.push_back({each.name, adapter, each.scale});
  }
  return all;
}

core::Result<int> LlamaAdapters::find(std::string const& name) const {
  if (name.empty()) return none;
  auto const found = std::ranges::find(loaded_, name, &Loaded::name);
  if (found == loaded_.end()) return core::fail(core::Code::not_found, "there is no adapter of this name", name);
  return static_cast<int>(found - loaded_.begin()) + 1;
}

void LlamaAdapters::use(llama_context* context, int adapter) const {
  if (adapter == none) {
    llama_set_adapters_lora(context, nullptr, 0, nullptr);
    return;
  }
  auto const& chosen = loaded_[static_cast<std::size_t>(adapter - 1)];
  auto* pointer = chosen.adapter;
  float scale = chosen.scale;
  llama_set_adapters_lora(context, &pointer, 1, &scale);
}

}  // namespace parley::engine
