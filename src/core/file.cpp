#include "core/file.hpp"

#include <fstream>
#include <sstream>

namespace parley::core {

std::optional<std::string> file_bytes(std::filesystem::path const& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) return std::nullopt;  // opens, and reads as empty
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (in.bad()) return std::nullopt;
  return std::move(bytes).str();
}

}  // namespace parley::core
