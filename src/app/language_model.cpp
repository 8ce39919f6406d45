#include "app/language_model.hpp"

#include <fmt/format.h>

#include "app/config.hpp"
#include "core/sha256.hpp"
#include "models/process.hpp"
#include "models/store.hpp"

namespace parley::app {
namespace {

namespace fs = std::filesystem;

/// Another file behind the same path is another model.
std::string identity(fs::path const& model) {
  std::error_code error;
  auto const written = fs::last_write_time(model, error).time_since_epoch().count();
  return core::sha256_of(
             fmt::format("{}\n{}\n{}", fs::weakly_canonical(model, error).string(), fs::file_size(model, error), written))
      .substr(0, 16);
}

}  // namespace

core::Result<fs::path> make_smaller(fs::path const& model, std::string const& precision) {
  auto const folder = models::home_directory() / "quantised";
  auto const made = folder / fmt::format("{}-{}.gguf", identity(model), precision);
  std::error_code error;
  if (fs::exists(made, error)) return made;
  fs::create_directories(folder, error);
  models::Command const command{
      {"/proc/self/exe", "models", "quantise", model.string(), made.string(), precision}, {}, folder / "quantise.log"};
  if (auto done = models::run(command, [] {}, {}); !done) return std::unexpected(done.error());
  return made;
}

core::Result<fs::path> find_gguf(std::string const& name) {
  std::error_code error;
  if (fs::is_regular_file(name, error)) return fs::path(name);
  auto store = models::open_store(share_folder());
  if (!store) return std::unexpected(store.error());
  auto const folder = store->require(name);
  if (!folder) return std::unexpected(folder.error());
  return *folder / "model.gguf";
}

}  // namespace parley::app
