#include "models/publish.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace parley::models {
namespace {

namespace fs = std::filesystem;
using core::Code;
using core::fail;

void flush(fs::path const& path, int flags) {
  int const file = open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

/// A crash of the machine right after the rename must not leave names without bytes.
void flush_below(fs::path const& folder) {
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    flush(entry->path(), entry->is_directory() ? O_RDONLY | O_DIRECTORY : O_RDONLY);
  }
  flush(folder, O_RDONLY | O_DIRECTORY);
}

std::unexpected<core::Error> cannot(std::string const& why, fs::path const& target) {
  return fail(Code::unavailable, "the finished model cannot be put in place: " + why, target.string());
}

}  // namespace

core::Result<Lock> Lock::take(fs::path const& path, std::string const& what) {
  int const file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return fail(Code::unavailable, std::string("the lock cannot be made: ") + std::strerror(errno), path.string());
  Lock lock(file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    auto const size = pread(file, holder.data(), holder.size() - 1, 0);
    auto const who = size > 0 ? std::string(" (process ") + holder.data() + ")" : std::string();
    return fail(Code::conflict, "another " + what + " is at work" + who + "; wait for it or stop it", path.string());
  }
  auto const number = std::to_string(getpid());
  if (ftruncate(file, 0) != 0 || pwrite(file, number.data(), number.size(), 0) < 0) {
    // Only the hint for the other process is lost.
  }
  return lock;
}

Lock::Lock(Lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
Lock& Lock::operator=(Lock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}
Lock::~Lock() {
  if (file_ >= 0) close(file_);
}

core::Result<void> publish(fs::path const& ready, fs::path const& target) {
  flush_below(ready);
  std::error_code failed;
  auto const there = fs::symlink_status(target, failed);
  if (!fs::exists(there)) {
    fs::rename(ready, target, failed);
    if (failed) return cannot(failed.message(), target);
  } else if (renameat2(AT_FDCWD, ready.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(ready, failed);  // the old one by now
  } else {
    // A file system that cannot exchange (some network ones): two renames, and back if the second fails.
    auto const aside = ready.parent_path() / "previous";
    fs::remove_all(aside, failed);
    fs::rename(target, aside, failed);
    if (failed) return cannot(failed.message(), target);
    fs::rename(ready, target, failed);
    if (failed) {
      auto const why = failed.message();
      fs::rename(aside, target, failed);
      return cannot(why, target);
    }
    fs::remove_all(aside, failed);
  }
  flush(target.parent_path(), O_RDONLY | O_DIRECTORY);
  return {};
}

}  // namespace parley::models
