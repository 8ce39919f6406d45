#pragma once
// Files as text: plain text and Markdown as they are, the readable part of HTML, DOCX, CSV row by row, PDF page by page (with
// poppler's pdftotext as a process of its own).
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace parley::knowledge {

struct ReadDocument {
  std::string title;               ///< its own, else the file's name
  std::vector<std::string> pages;  ///< UTF-8; one for what has no pages
  bool paged = false;
  std::string preset;  ///< for splitting: "markdown" or empty (by the language)
};

/// Whether the name's ending is one of those that can be read.
[[nodiscard]] bool is_readable(std::filesystem::path const& file);

/// invalid: the file is broken, protected or has no text; unavailable: it cannot be opened, or a program for it is missing;
/// too_large: more than 256 MB.
[[nodiscard]] core::Result<ReadDocument> read_document(std::filesystem::path const& file, std::stop_token stop);

/// The parts that need no file. `bytes` of any encoding.
[[nodiscard]] core::Result<ReadDocument> read_html(std::string const& bytes);
[[nodiscard]] core::Result<ReadDocument> read_docx_xml(std::string const& document_xml);  ///< word/document.xml
[[nodiscard]] core::Result<ReadDocument> read_csv(std::string const& text);               ///< "name: value; name: value" a row

}  // namespace parley::knowledge
