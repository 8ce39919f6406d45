#include "models/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <fstream>
#include <memory>
#include <vector>

#include "core/sha256.hpp"

namespace parley::models {
namespace {

using core::Code;
using core::fail;

struct Free {
  void operator()(archive* a) const noexcept { archive_read_free(a); }
};
using Reader = std::unique_ptr<archive, Free>;

std::unexpected<core::Error> broken(archive* a, std::filesystem::path const& path) {
  auto const* why = archive_error_string(a);
  return fail(Code::unavailable, std::string("the archive is damaged or cut short: ") + (why ? why : "it cannot be read"),
              path.filename().string());
}

/// libarchive reads names by the thread's locale, and in the C locale gives none that has a Chinese character.
class Utf8Names {
 public:
  Utf8Names() : utf8_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_) before_ = uselocale(utf8_);
  }
  ~Utf8Names() {
    if (!utf8_) return;
    uselocale(before_);
    freelocale(utf8_);
  }
  Utf8Names(Utf8Names const&) = delete;
  Utf8Names& operator=(Utf8Names const&) = delete;

 private:
  locale_t utf8_;
  locale_t before_{};
};

core::Result<void> write_member(archive* a, std::filesystem::path const& archive_path, Extraction& extraction,
                                std::uint64_t& written, std::function<void(std::uint64_t)> const& progress,
                                std::stop_token const& stop) {
  std::error_code failed;
  std::filesystem::create_directories(extraction.to.parent_path(), failed);
  std::ofstream out(extraction.to, std::ios::binary | std::ios::trunc);
  core::Sha256 sum;
  std::vector<char> block(std::size_t{1} << 18);
  while (out) {
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    auto const count = archive_read_data(a, block.data(), block.size());
    if (count < 0) return broken(a, archive_path);
    if (count == 0) break;
    std::string_view const bytes(block.data(), static_cast<std::size_t>(count));
    sum.update(bytes);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    written += bytes.size();
    if (progress) progress(written);
  }
  out.close();
  if (!out) return fail(Code::unavailable, "the file cannot be written; is the disk full?", extraction.to.string());
  extraction.sha256 = sum.hex();
  return {};
}

}  // namespace

core::Result<void> extract(std::filesystem::path const& path, std::map<std::string, Extraction>& wanted,
                           std::function<void(std::uint64_t)> const& progress, std::stop_token stop) {
  Utf8Names const names;
  Reader const reader(archive_read_new());
  archive_read_support_format_zip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), std::size_t{1} << 18) != ARCHIVE_OK) {
    return broken(reader.get(), path);
  }
  std::size_t found = 0;
  std::uint64_t written = 0;
  archive_entry* entry = nullptr;
  while (found < wanted.size()) {
    int const status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return broken(reader.get(), path);
    auto const* name = archive_entry_pathname_utf8(entry);
    if (!name) name = archive_entry_pathname(entry);
    auto const member = name ? wanted.find(name) : wanted.end();
    if (member == wanted.end() || archive_entry_filetype(entry) != AE_IFREG || !member->second.sha256.empty()) continue;
    if (auto done = write_member(reader.get(), path, member->second, written, progress, stop); !done) return done;
    ++found;
  }
  for (auto const& [member, extraction] : wanted) {
    if (extraction.sha256.empty()) {
      return fail(Code::unavailable, "the archive " + path.filename().string() + " has no such member", member);
    }
  }
  return {};
}

}  // namespace parley::models
