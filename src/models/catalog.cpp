#include "models/catalog.hpp"

#include <algorithm>

#include "core/file.hpp"
#include "core/suggest.hpp"
#include "models/catalog_reader.hpp"

namespace parley::models {

std::string_view name(Task task) noexcept {
  switch (task) {
    case Task::llm: return "llm";
    case Task::asr: return "asr";
    case Task::tts: return "tts";
    case Task::vad: return "vad";
    case Task::end_of_turn: return "end_of_turn";
    case Task::lexicon: return "lexicon";
    case Task::embeddings: return "embeddings";
  }
  return "llm";
}

std::vector<Pin> Source::finished() const {
  if (!convert.empty()) return result;
  std::vector<Pin> pins;
  for (auto const& file : files) pins.push_back(file.pin);
  return pins;
}

core::Result<Catalog> Catalog::load(std::filesystem::path const& path) {
  auto const text = core::file_bytes(path);
  if (!text) {
    return core::fail(core::Code::not_found,
                      "the model catalog cannot be read; set PARLEY_CATALOG to the path of a catalog.yaml", path.string());
  }
  return parse(*text, path.string());
}

core::Result<Catalog> Catalog::parse(std::string_view yaml, std::string const& file) {
  auto models = read_catalog(yaml, file);
  if (!models) return std::unexpected(std::move(models.error()));
  Catalog catalog;
  catalog.models_ = std::move(*models);
  return catalog;
}

Model const* Catalog::find(std::string_view id) const noexcept {
  auto const found = std::ranges::find(models_, id, &Model::id);
  return found == models_.end() ? nullptr : &*found;
}

core::Result<Model const*> Catalog::get(std::string_view id) const {
  if (auto const* model = find(id)) return model;
  std::vector<std::string> ids;
  for (auto const& model : models_) ids.push_back(model.id);
  auto const near = core::suggest(id, ids);
  auto const hint = near.empty() ? std::string("`parley models list` shows what there is") : "did you mean " + near + "?";
  return core::fail(core::Code::not_found, "the catalog has no model of that name; " + hint, std::string(id));
}

}  // namespace parley::models
