#pragma once
// Archives for tests, as the registries give them.
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <filesystem>
#include <map>
#include <string>

namespace parley::models {

enum class Shape { wheel, npm };

inline void write_archive(std::filesystem::path const& path, Shape shape, std::map<std::string, std::string> const& members) {
  // libarchive writes Chinese names only in a locale that has them; the reader under test is not to rely on that.
  auto const utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  auto const before = uselocale(utf8);
  auto* a = archive_write_new();
  if (shape == Shape::wheel) {
    archive_write_set_format_zip(a);
    archive_write_set_options(a, "hdrcharset=UTF-8");
  } else {
    archive_write_add_filter_gzip(a);
    archive_write_set_format_pax_restricted(a);
  }
  archive_write_open_filename(a, path.c_str());
  for (auto const& [name, bytes] : members) {
    auto* entry = archive_entry_new();
    archive_entry_set_pathname_utf8(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(a, entry);
    archive_write_data(a, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
  uselocale(before);
  freelocale(utf8);
}

}  // namespace parley::models
