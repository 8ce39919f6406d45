#include "server/field_reader.hpp"

#include <algorithm>
#include <cmath>

#include "core/utf8.hpp"

namespace parley::server {
namespace {

constexpr int deepest = 64;

std::string joined(std::initializer_list<std::string_view> names) {
  std::string out;
  for (auto name : names) out += (out.empty() ? "'" : ", '") + std::string(name) + "'";
  return out;
}

bool too_deep(std::string_view bytes) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char const c = bytes[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

FieldReader::FieldReader(Json const& object, std::string path, Complaint& complaint)
    : object_(object), path_(std::move(path)), complaint_(complaint) {}

std::string FieldReader::path(std::string_view name) const {
  if (path_.empty()) return std::string(name);
  return name.empty() ? path_ : path_ + "." + std::string(name);
}

void FieldReader::complain(std::string_view name, std::string code, std::string message) {
  if (!complaint_) complaint_ = ProtocolError{std::move(code), std::move(message), path(name), {}};
}

void FieldReader::wrong_type(std::string_view name, std::string_view expected, Json const& got) {
  complain(name, "invalid_type",
           "Invalid type for '" + path(name) + "': expected " + std::string(expected) + ", got " + got.type_name() + ".");
}

Json const* FieldReader::value(std::string_view name) const {
  auto const found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool FieldReader::has(std::string_view name) const { return object_.contains(name); }

bool FieldReader::is_null(std::string_view name) const {
  auto const found = object_.find(name);
  return found != object_.end() && found->is_null();
}

std::optional<std::string> FieldReader::text(std::string_view name, std::size_t longest) {
  Json const* got = value(name);
  if (got == nullptr) return std::nullopt;
  if (!got->is_string()) return wrong_type(name, "a string", *got), std::nullopt;
  auto const& string = got->get_ref<std::string const&>();
  if (core::count_code_points(string) > longest) {
    complain(name, "string_above_max_length",
             "'" + path(name) + "' is too long: at most " + std::to_string(longest) + " characters.");
    return std::nullopt;
  }
  return string;
}

std::optional<std::int64_t> FieldReader::integer(std::string_view name, std::int64_t low, std::int64_t high) {
  auto const got = number(name, static_cast<double>(low), static_cast<double>(high));
  if (!got) return std::nullopt;
  if (*got != std::floor(*got)) return wrong_type(name, "an integer", *value(name)), std::nullopt;
  return static_cast<std::int64_t>(*got);
}

std::optional<double> FieldReader::number(std::string_view name, double low, double high) {
  Json const* got = value(name);
  if (got == nullptr) return std::nullopt;
  if (!got->is_number()) return wrong_type(name, "a number", *got), std::nullopt;
  double const number = got->get<double>();
  if (!(number >= low && number <= high)) {
    complain(name, "invalid_value",
             "Invalid value for '" + path(name) + "': it lies between " + Json(low).dump() + " and " + Json(high).dump() + ".");
    return std::nullopt;
  }
  return number;
}

std::optional<bool> FieldReader::flag(std::string_view name) {
  Json const* got = value(name);
  if (got == nullptr) return std::nullopt;
  if (!got->is_boolean()) return wrong_type(name, "a boolean", *got), std::nullopt;
  return got->get<bool>();
}

std::optional<std::string> FieldReader::choice(std::string_view name, std::initializer_list<std::string_view> allowed) {
  auto const got = text(name);
  if (!got || std::ranges::find(allowed, *got) != allowed.end()) return got;
  complain(name, "invalid_value", "Invalid value: '" + *got + "'. Supported values are: " + joined(allowed) + ".");
  return std::nullopt;
}

Json const* FieldReader::object(std::string_view name) {
  Json const* got = value(name);
  if (got == nullptr || got->is_object()) return got;
  return wrong_type(name, "an object", *got), nullptr;
}

Json const* FieldReader::array(std::string_view name) {
  Json const* got = value(name);
  if (got == nullptr || got->is_array()) return got;
  return wrong_type(name, "an array", *got), nullptr;
}

std::string FieldReader::needed_text(std::string_view name, std::size_t longest) {
  auto got = text(name, longest);
  if (!got || got->empty()) {
    complain(name, "missing_required_parameter", "Missing required parameter: '" + path(name) + "'.");
    return {};
  }
  return *std::move(got);
}

Json const* FieldReader::needed_object(std::string_view name) {
  Json const* got = object(name);
  if (got == nullptr) complain(name, "missing_required_parameter", "Missing required parameter: '" + path(name) + "'.");
  return got;
}

void FieldReader::only(std::initializer_list<std::string_view> known) {
  for (auto const& [name, ignored] : object_.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    complain(name, "unknown_parameter", "Unknown parameter: '" + path(name) + "'. Known here: " + joined(known) + ".");
  }
}

std::optional<Json> parse_json_object(std::string_view bytes, Complaint& complaint) {
  auto refuse = [&](std::string message) {
    if (!complaint) complaint = ProtocolError{"invalid_json", std::move(message), {}, {}};
    return std::nullopt;
  };
  if (too_deep(bytes)) return refuse("The event nests deeper than " + std::to_string(deepest) + " levels.");
  Json parsed = Json::parse(bytes, nullptr, false);
  if (parsed.is_discarded()) return refuse("The event is not valid JSON in UTF-8.");
  if (!parsed.is_object()) return refuse("An event is a JSON object with a 'type'.");
  return parsed;
}

}  // namespace parley::server
