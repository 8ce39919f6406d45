#pragma once
// The last step of a pull: a finished folder takes its place at once, or not at all.
#include <filesystem>
#include <string>

#include "core/result.hpp"

namespace parley::models {

/// An exclusive lock on a file, held while this lives; the file itself stays. Taken or refused at once (Code::conflict, with
/// the process that holds it). The system lets go of it however the process ends.
class Lock {
 public:
  [[nodiscard]] static core::Result<Lock> take(std::filesystem::path const& path, std::string const& what);
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;
  Lock(Lock const&) = delete;
  Lock& operator=(Lock const&) = delete;
  ~Lock();

 private:
  explicit Lock(int file) noexcept : file_(file) {}
  int file_ = -1;
};

/// Writes everything below `ready` to the disk and then puts it in the place of `target`, in one step. Whoever has files of
/// the old folder open keeps them. When it fails the old folder is where it was.
[[nodiscard]] core::Result<void> publish(std::filesystem::path const& ready, std::filesystem::path const& target);

}  // namespace parley::models
