#include "app/setup_check.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "core/file.hpp"
#include "guard/guard.hpp"

namespace parley::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_text_bytes = 4'000'000;  // a prompt is not longer
constexpr std::size_t shortest_key = 24;               // characters: fewer can be guessed

/// Only what gives access is looked for; nothing is changed, so that every hit is told.
core::Result<std::shared_ptr<guard::Guard const>> secret_finder() {
  guard::Policy policy;
  policy.actions.fill({});
  return guard::Guard::compile(std::move(policy));
}

bool gives_access(std::string const& rule) { return rule.starts_with("secret") || rule == "private_key"; }

std::size_t line_at(std::string_view text, std::size_t code_point) {
  std::size_t line = 1, points = 0;
  for (char const c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U && points++ == code_point) break;
    line += c == '\n' ? 1 : 0;
  }
  return line;
}

void look_for_keys(guard::Guard const& finder, fs::path const& file, std::vector<SetupProblem>& problems) {
  auto const text = core::file_bytes(file);
  if (!text) return;
  for (auto const& finding : finder.check(guard::Direction::out, *text).findings) {
    if (!gives_access(finding.rule)) continue;
    problems.push_back(
        {fmt::format("{}:{}", file.string(), line_at(*text, finding.start)),
         fmt::format("this looks like a key ({}); whoever sees the file has it", finding.rule),
         "take it out, end it where it came from, and name an environment variable instead (key_from, keys_from) "
         "· 删除并吊销，改用环境变量"});
  }
}

/// Texts of a folder, one level deep: that is how roles and configuration lie.
std::vector<fs::path> texts_in(fs::path const& place) {
  std::vector<fs::path> files;
  std::error_code error;
  if (fs::is_regular_file(place, error)) files.push_back(place);
  for (fs::directory_iterator at(place, error), end; !error && at != end; at.increment(error)) {
    static constexpr std::array<std::string_view, 6> kinds{".yaml", ".yml", ".txt", ".md", ".json", ".j2"};
    auto const kind = at->path().extension().string();
    if (at->is_regular_file(error) && std::ranges::find(kinds, kind) != kinds.end() && at->file_size(error) < most_text_bytes) {
      files.push_back(at->path());
    }
  }
  std::ranges::sort(files);
  return files;
}

/// What may be written or read by whom. A file that is not there is no problem.
void look_at_rights(fs::path const& file, bool is_private, std::vector<SetupProblem>& problems) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return;
  auto const shown = file.string();
  if (is_private && (status.st_mode & 077U) != 0) {
    problems.push_back({shown, "others on this machine may read it", fmt::format("chmod 600 '{}'", shown)});
  } else if ((status.st_mode & 002U) != 0) {
    problems.push_back({shown, "others on this machine may change it", fmt::format("chmod o-w '{}'", shown)});
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    problems.push_back({shown, "it belongs to somebody else", fmt::format("chown {} '{}'", ::geteuid(), shown)});
  }
}

/// One pattern of .gitignore against a name without folders: '*' stands for anything.
bool ignores(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') return ignores(pattern.substr(1), name) || (!name.empty() && ignores(pattern, name.substr(1)));
  return !name.empty() && pattern.front() == name.front() && ignores(pattern.substr(1), name.substr(1));
}

/// The last pattern that speaks of the name decides, and a file nearer to it decides over one further up.
bool is_ignored(fs::path const& folder, fs::path const& root, std::string const& name) {
  for (fs::path at = folder;; at = at.parent_path()) {
    std::optional<bool> verdict;
    std::istringstream lines(core::file_bytes(at / ".gitignore").value_or(""));
    for (std::string line; std::getline(lines, line);) {
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
      bool const negated = line.starts_with('!');
      std::string_view pattern = std::string_view(line).substr(negated ? 1 : 0);
      if (pattern.starts_with("**/")) pattern.remove_prefix(3);
      if (pattern.starts_with('/')) {
        if (at != folder) continue;  // speaks of its own folder only
        pattern.remove_prefix(1);
      }
      if (!line.starts_with('#') && !pattern.empty() && ignores(pattern, name)) verdict = !negated;
    }
    if (verdict) return *verdict;
    if (at == root || !at.has_relative_path()) return false;
  }
}

void look_for_env_files(fs::path const& folder, std::vector<SetupProblem>& problems, std::vector<std::string>& looked_at) {
  std::error_code error;
  fs::path root = fs::weakly_canonical(folder, error);
  fs::path const start = root;
  while (!fs::exists(root / ".git", error) && root.has_relative_path()) root = root.parent_path();
  bool const versioned = fs::exists(root / ".git", error);
  for (fs::path at = start;; at = at.parent_path()) {
    for (fs::directory_iterator entry(at, error), end; !error && entry != end; entry.increment(error)) {
      auto const name = entry->path().filename().string();
      bool const is_env = name == ".env" || (name.starts_with(".env.") && name != ".env.example" && name != ".env.sample");
      if (!is_env || !entry->is_regular_file(error)) continue;
      looked_at.push_back(entry->path().string());
      look_at_rights(entry->path(), true, problems);
      if (versioned && !is_ignored(at, root, name)) {
        problems.push_back({entry->path().string(), "git does not ignore it, so its keys will be committed one day",
                            fmt::format("echo '{}' >> '{}'; if it was committed: git rm --cached '{}', and new keys", name,
                                        (root / ".gitignore").string(), name)});
      }
    }
    if (!versioned || at == root) break;
  }
}

void look_at_variable(std::string const& variable, std::vector<SetupProblem>& problems) {
  char const* value = std::getenv(variable.c_str());
  std::istringstream in(value == nullptr ? "" : value);
  std::size_t number = 0;
  for (std::string key; std::getline(in, key, ',');) {
    std::erase(key, ' ');
    ++number;
    if (key.empty() || key.size() >= shortest_key) continue;
    problems.push_back({fmt::format("${}, key {}", variable, number),
                        fmt::format("it has {} characters and can be guessed", key.size()),
                        "parley keys create --name NAME makes one of 256 random bits · 用 parley keys create 生成"});
  }
}

}  // namespace

SetupPlaces places_of(Config const& config, fs::path const& config_file) {
  SetupPlaces places;
  std::error_code error;
  places.working_folder = fs::current_path(error);
  places.texts = {config_file, share_folder() / "config", share_folder() / "roles"};
  auto const keys = keys_file_of(config);
  places.private_files = {keys, keys.string() + ".usage", keys.string() + ".lock"};
  for (auto const& [name, service] : config.services.services) {
    for (auto const& from : {service.key_from, service.token_from}) {
      if (from.starts_with("file:")) places.private_files.emplace_back(from.substr(5));
    }
  }
  places.keys_variable = config.keys_from;
  return places;
}

core::Result<std::vector<SetupProblem>> check_setup(SetupPlaces const& places, std::vector<std::string>& looked_at) {
  auto const finder = secret_finder();
  if (!finder) return std::unexpected(finder.error());
  std::vector<SetupProblem> problems;
  look_for_env_files(places.working_folder, problems, looked_at);
  std::vector<fs::path> texts;
  for (auto const& place : places.texts) {
    for (auto& file : texts_in(place)) {
      if (std::ranges::find(texts, file) == texts.end()) texts.push_back(std::move(file));
    }
  }
  for (auto const& file : texts) {
    looked_at.push_back(file.string());
    look_for_keys(**finder, file, problems);
    look_at_rights(file, false, problems);
  }
  for (auto const& file : places.private_files) {
    std::error_code error;
    if (!fs::exists(file, error)) continue;
    looked_at.push_back(file.string());
    look_at_rights(file, true, problems);
  }
  look_at_variable(places.keys_variable, problems);
  return problems;
}

}  // namespace parley::app
