#include "server/sound/multipart.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace parley::server {
namespace {

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The value of `; name=value` or `; name="value"` in a header's value; a quote inside is written \" or %22.
std::optional<std::string> parameter(std::string_view value, std::string_view name) {
  for (auto at = value.find(';'); at != std::string_view::npos;) {
    std::string_view rest = trimmed(value.substr(at + 1));
    auto const equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    std::string_view const found = trimmed(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    std::string text;
    std::size_t used = 0;
    if (rest.starts_with('"')) {
      for (used = 1; used < rest.size() && rest[used] != '"'; ++used) {
        if (rest[used] == '\\' && used + 1 < rest.size() && (rest[used + 1] == '"' || rest[used + 1] == '\\')) ++used;
        text += rest[used];
      }
    } else {
      used = std::min(rest.find(';'), rest.size());
      text = trimmed(rest.substr(0, used));
    }
    if (same_letters(found, name)) return text;
    value = rest.substr(std::min(used, rest.size()));
    at = value.find(';');
  }
  return std::nullopt;
}

/// The value of the part's header of that name, as it stands.
std::string_view header(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    auto const end = std::min(head.find("\r\n"), head.size());
    std::string_view const line = head.substr(0, end);
    auto const colon = line.find(':');
    if (colon != std::string_view::npos && same_letters(trimmed(line.substr(0, colon)), name))
      return trimmed(line.substr(colon + 1));
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return {};
}

std::unexpected<ProtocolError> refuse(std::string message) {
  return std::unexpected(ProtocolError{"invalid_form", std::move(message), {}, {}});
}

}  // namespace

std::expected<std::vector<FormPart>, ProtocolError> parse_form(std::string_view type, std::string_view bytes) {
  if (!same_letters(trimmed(type.substr(0, type.find(';'))), "multipart/form-data"))
    return refuse("The body must be multipart/form-data, with the recording in the field 'file'.");
  auto const boundary = parameter(type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70)
    return refuse("The Content-Type names no boundary of the form's parts.");
  std::string const line = "\r\n--" + *boundary;
  if (!bytes.starts_with(std::string_view(line).substr(2))) return refuse("The form does not begin with its boundary.");
  std::string_view rest = bytes.substr(line.size() - 2);
  std::vector<FormPart> parts;
  while (!rest.starts_with("--")) {
    auto const begin = rest.find("\r\n");
    auto const head_end = rest.find("\r\n\r\n");
    if (begin == std::string_view::npos || head_end == std::string_view::npos || !trimmed(rest.substr(0, begin)).empty())
      return refuse("A part of the form is cut short.");
    std::string_view const head = head_end > begin ? rest.substr(begin + 2, head_end - begin - 2) : std::string_view();
    std::string_view const body = rest.substr(head_end + 4);
    auto const end = body.find(line);
    if (end == std::string_view::npos) return refuse("The form is cut short: its last boundary is missing.");
    auto const about = header(head, "Content-Disposition");
    auto const name = parameter(about, "name");
    if (!name) return refuse("A part of the form has no name.");
    if (parts.size() == most_form_parts) return refuse("The form has too many parts.");
    parts.push_back({*name, parameter(about, "filename").value_or(""), body.substr(0, end)});
    rest = body.substr(end + line.size());
  }
  return parts;
}

}  // namespace parley::server
