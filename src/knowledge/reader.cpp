#include "knowledge/reader.hpp"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "core/utf8.hpp"
#include "knowledge/encoding.hpp"
#include "models/archive.hpp"
#include "models/process.hpp"

namespace parley::knowledge {
namespace {

using core::Code;
using core::Result;
namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = 256U << 20U;
constexpr std::uint64_t largest_member = 64U << 20U;  // a DOCX that unpacks to more is no letter

/// A folder that is gone when it is left.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto name = (fs::temp_directory_path() / "parley-read-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(TemporaryFolder const&) = delete;
  TemporaryFolder& operator=(TemporaryFolder const&) = delete;
  [[nodiscard]] fs::path const& path() const { return path_; }

 private:
  fs::path path_;
};

Result<std::string> bytes_of(fs::path const& file) {
  std::error_code error;
  auto const size = fs::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) return core::fail(Code::unavailable, "the file cannot be opened", file.string());
  if (size > largest_file) return core::fail(Code::too_large, "the file has more than 256 MB; divide it", file.string());
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

std::string ending(fs::path const& file) {
  auto text = file.extension().string();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f") == std::string_view::npos; }

Result<ReadDocument> read_pdf(fs::path const& file, std::stop_token stop) {
  TemporaryFolder const folder;
  auto const out = folder.path() / "text";
  models::Command command;
  command.words = {"pdftotext", "-q", "-enc", "UTF-8", fs::absolute(file).string(), out.string()};
  command.log = folder.path() / "log";
  if (auto done = models::run(command, {}, std::move(stop)); !done) {
    if (done.error().code == Code::cancelled) return std::unexpected(done.error());
    return core::fail(Code::invalid,
                      "the PDF cannot be read (broken, protected, or poppler-utils is missing): " + done.error().message);
  }
  auto const text = bytes_of(out);
  if (!text) return std::unexpected(text.error());
  ReadDocument document;
  document.paged = true;
  for (std::size_t at = 0; at < text->size();) {
    auto const end = std::min(text->find('\f', at), text->size());
    document.pages.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  if (std::ranges::all_of(document.pages, is_blank)) {
    return core::fail(Code::invalid, "there is no text in the PDF; a scan has to go through text recognition first");
  }
  return document;
}

Result<ReadDocument> read_docx(fs::path const& file) {
  TemporaryFolder const folder;
  std::map<std::string, models::Extraction> wanted{{"word/document.xml", {folder.path() / "document.xml", {}}}};
  std::stop_source too_much;
  auto const watch = [&too_much](std::uint64_t bytes) {
    if (bytes > largest_member) too_much.request_stop();
  };
  if (auto done = models::extract(file, wanted, watch, too_much.get_token()); !done) {
    if (too_much.stop_requested()) return core::fail(Code::too_large, "the document unpacks to more than 64 MB");
    return core::fail(Code::invalid, "the DOCX is broken: " + done.error().message);
  }
  auto const xml = bytes_of(folder.path() / "document.xml");
  if (!xml) return std::unexpected(xml.error());
  return read_docx_xml(*xml);
}

using Reader = std::function<Result<ReadDocument>(fs::path const&, std::stop_token)>;

/// For what is read from its bytes.
Reader from_bytes(Result<ReadDocument> (*read)(std::string const&)) {
  return [read](fs::path const& file, std::stop_token const&) -> Result<ReadDocument> {
    auto bytes = bytes_of(file);
    if (!bytes) return std::unexpected(bytes.error());
    return read(*bytes);
  };
}

Result<ReadDocument> read_plain(std::string const& bytes) {
  auto text = text_to_utf8(bytes);
  if (!text) return std::unexpected(text.error());
  ReadDocument document;
  document.pages.push_back(std::move(*text));
  return document;
}

Result<ReadDocument> read_markdown(std::string const& bytes) {
  auto document = read_plain(bytes);
  if (!document) return document;
  document->preset = "markdown";
  auto const& text = document->pages.front();
  if (auto const head = text.starts_with("# ") ? 0 : text.find("\n# "); head != std::string::npos) {
    auto const begin = text.find("# ", head) + 2;
    document->title = text.substr(begin, text.find('\n', begin) - begin);
  }
  return document;
}

std::map<std::string, Reader> const& readers() {
  static std::map<std::string, Reader> const all{
      {".txt", from_bytes(read_plain)},
      {".text", from_bytes(read_plain)},
      {".log", from_bytes(read_plain)},
      {".rst", from_bytes(read_plain)},
      {".md", from_bytes(read_markdown)},
      {".markdown", from_bytes(read_markdown)},
      {".html", from_bytes(read_html)},
      {".htm", from_bytes(read_html)},
      {".xhtml", from_bytes(read_html)},
      {".csv", from_bytes(read_csv)},
      {".tsv", from_bytes(read_csv)},
      {".pdf", read_pdf},
      {".docx", [](fs::path const& file, std::stop_token const&) { return read_docx(file); }},
  };
  return all;
}

}  // namespace

bool is_readable(fs::path const& file) { return readers().contains(ending(file)); }

Result<ReadDocument> read_document(fs::path const& file, std::stop_token stop) {
  auto const reader = readers().find(ending(file));
  if (reader == readers().end()) {
    return core::fail(Code::invalid, "files of this kind cannot be read; there are txt, md, html, pdf, docx, csv",
                      file.string());
  }
  auto document = reader->second(file, std::move(stop));
  if (!document) {
    auto error = document.error();
    error.subject = file.string();
    return std::unexpected(std::move(error));
  }
  if (std::ranges::all_of(document->pages, is_blank)) {
    return core::fail(Code::invalid, "there is no text in the file", file.string());
  }
  if (document->title.empty()) document->title = file.stem().string();
  return document;
}

}  // namespace parley::knowledge
