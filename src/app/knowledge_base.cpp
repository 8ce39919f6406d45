#include "app/knowledge_base.hpp"

#include <algorithm>

#include "app/config.hpp"
#include "engine/ggml/llama_embedder.hpp"
#include "models/store.hpp"

namespace parley::app {
namespace {

std::filesystem::path folder() { return models::home_directory() / "knowledge"; }

}  // namespace

core::Result<std::filesystem::path> knowledge_file(std::string const& name) {
  auto const plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c >= 0x80; };
  if (name.empty() || name.size() > 100 || !std::ranges::all_of(name, plain)) {
    return core::fail(core::Code::invalid, "the name of a knowledge base has letters, digits, '-' and '_' only", name);
  }
  return folder() / (name + ".db");
}

std::vector<std::string> knowledge_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (auto const& entry : std::filesystem::directory_iterator(folder(), error)) {
    if (entry.path().extension() == ".db") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

core::Result<std::shared_ptr<language::Embedder>> open_embedder(engine::Arbiter& arbiter) {
  auto store = models::open_store(share_folder());
  if (!store) return std::unexpected(store.error());
  auto const found = store->require(embedding_model);
  if (!found) return std::unexpected(found.error());
  auto embedder = engine::LlamaEmbedder::load(*found / "model.gguf", arbiter, {.id = embedding_model});
  if (!embedder) return std::unexpected(embedder.error());
  return std::shared_ptr<language::Embedder>(std::move(*embedder));
}

}  // namespace parley::app
