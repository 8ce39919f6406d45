// HTML and DOCX by libxml2, CSV by hand: the kinds of markup, as text.
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "core/utf8.hpp"
#include "knowledge/encoding.hpp"
#include "knowledge/reader.hpp"

namespace parley::knowledge {
namespace {

using core::Code;
using core::Result;
using std::string_view;

struct DocumentDeleter {
  void operator()(xmlDoc* document) const noexcept { xmlFreeDoc(document); }
};
using Tree = std::unique_ptr<xmlDoc, DocumentDeleter>;

string_view name_of(xmlNode const* node) {
  return node->name == nullptr ? string_view() : string_view(reinterpret_cast<char const*>(node->name));
}

string_view content_of(xmlNode const* node) {
  return node->content == nullptr ? string_view() : string_view(reinterpret_cast<char const*>(node->content));
}

template <std::size_t n>
bool one_of(string_view name, std::array<string_view, n> const& names) {
  return std::ranges::find(names, name) != names.end();
}

void end_line(std::string& out, int lines = 1) {
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.empty()) return;
  int have = 0;
  for (auto at = out.size(); at > 0 && out[at - 1] == '\n'; --at) ++have;
  for (; have < lines; ++have) out += '\n';
}

/// Runs of white space are one blank, as a browser shows them.
void append_flowing(std::string& out, string_view text) {
  for (char const c : text) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      out += c;
    } else if (!out.empty() && out.back() != ' ' && out.back() != '\n') {
      out += ' ';
    }
  }
}

constexpr std::array<string_view, 8> unread{"script", "style", "noscript", "template", "head", "svg", "iframe", "nav"};
constexpr std::array<string_view, 8> lines{"br", "li", "tr", "dt", "dd", "option", "caption", "figcaption"};
constexpr std::array<string_view, 18> blocks{"p",  "div", "section", "article", "main", "h1",    "h2",  "h3",         "h4",
                                             "h5", "h6",  "ul",      "ol",      "dl",   "table", "pre", "blockquote", "form"};

void append_html(std::string& out, xmlNode const* node, bool verbatim) {
  for (; node != nullptr; node = node->next) {
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
      if (verbatim)
        out += content_of(node);
      else
        append_flowing(out, content_of(node));
      continue;
    }
    auto const name = name_of(node);
    if (node->type != XML_ELEMENT_NODE || one_of(name, unread)) continue;
    bool const block = one_of(name, blocks);
    if (block) end_line(out, 2);
    if (one_of(name, lines)) end_line(out);
    if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
      out.append(static_cast<std::size_t>(name[1] - '0'), '#') += ' ';
    }
    append_html(out, node->children, verbatim || name == "pre");
    if (name == "td" || name == "th") out += ' ';
    if (block) end_line(out, 2);
  }
}

xmlNode const* find(xmlNode const* node, string_view name) {
  for (; node != nullptr; node = node->next) {
    if (node->type == XML_ELEMENT_NODE && name_of(node) == name) return node;
    if (auto const* inside = find(node->children, name)) return inside;
  }
  return nullptr;
}

void append_docx(std::string& out, xmlNode const* node) {
  for (; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE) continue;
    auto const name = name_of(node);
    if (name == "t") {
      for (auto const* text = node->children; text != nullptr; text = text->next) out += content_of(text);
    } else if (name == "tab") {
      out += '\t';
    } else if (name == "br" || name == "cr") {
      out += '\n';
    } else if (name != "delText" && name != "instrText" && name != "Fallback") {
      append_docx(out, node->children);
      if (name == "p") out += '\n';
    }
  }
}

/// One record; quotes as in RFC 4180. `at` moves behind it.
std::vector<std::string> record(string_view text, std::size_t& at, char separator) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (; at < text.size(); ++at) {
    char const c = text[at];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        fields.back() += text[++at];
      } else {
        quoted = false;
      }
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == separator) {
      fields.emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

Result<ReadDocument> read_html(std::string const& bytes) {
  // What the page says about itself only counts where its bytes do not speak for themselves.
  std::string text = bytes;
  bool const told = bytes.find("charset=") != std::string::npos;
  char const* encoding = nullptr;
  if (core::is_valid_utf8(bytes)) {
    encoding = "UTF-8";
  } else if (!told) {
    auto converted = text_to_utf8(bytes);
    if (!converted) return std::unexpected(converted.error());
    text = std::move(*converted);
    encoding = "UTF-8";
  }
  constexpr int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET;
  Tree const tree(htmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, encoding, options));
  if (!tree) return core::fail(Code::invalid, "this is no HTML");
  ReadDocument document;
  std::string out;
  xmlNode const* const root = xmlDocGetRootElement(tree.get());
  if (auto const* title = find(root, "title"); title != nullptr && title->children != nullptr) {
    append_flowing(document.title, content_of(title->children));
  }
  append_html(out, root, false);
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  document.pages.push_back(std::move(out));
  document.preset = "markdown";
  return document;
}

Result<ReadDocument> read_docx_xml(std::string const& document_xml) {
  constexpr int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  Tree const tree(xmlReadMemory(document_xml.data(), static_cast<int>(document_xml.size()), nullptr, nullptr, options));
  if (!tree) return core::fail(Code::invalid, "the document inside the DOCX is broken");
  ReadDocument document;
  document.pages.emplace_back();
  append_docx(document.pages.front(), xmlDocGetRootElement(tree.get()));
  return document;
}

Result<ReadDocument> read_csv(std::string const& bytes) {
  auto const text = text_to_utf8(bytes);
  if (!text) return std::unexpected(text.error());
  auto const head = string_view(*text).substr(0, text->find('\n'));
  char separator = ',';
  for (char const c : {'\t', ';'}) {
    if (std::ranges::count(head, c) > std::ranges::count(head, separator)) separator = c;
  }
  std::size_t at = 0;
  auto const names = record(*text, at, separator);
  ReadDocument document;
  auto& out = document.pages.emplace_back();
  while (at < text->size()) {
    auto const fields = record(*text, at, separator);
    std::string row;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].empty()) continue;
      if (!row.empty()) row += "; ";
      if (i < names.size() && !names[i].empty()) row += names[i] + ": ";
      row += fields[i];
    }
    if (!row.empty()) out += row + "\n\n";
  }
  return document;
}

}  // namespace parley::knowledge
