#pragma once
// Reads a JSON object field by field and names the field when something is wrong. The first complaint is kept, reading goes on
// with defaults, and whoever reads looks at the complaint once, at the end.
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "server/protocol_error.hpp"

namespace parley::server {

using Json = nlohmann::json;
using Complaint = std::optional<ProtocolError>;

class FieldReader {
 public:
  /// `object` and `complaint` must outlive the reader. `path` is where the object lies: "" or "session.audio".
  FieldReader(Json const& object, std::string path, Complaint& complaint);

  [[nodiscard]] bool has(std::string_view name) const;      ///< present, null included
  [[nodiscard]] bool is_null(std::string_view name) const;  ///< present and null

  // Absent and null are both nullopt; a wrong type or a value out of range is a complaint and nullopt.
  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t longest = std::size_t{1} << 20);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high);
  [[nodiscard]] std::optional<double> number(std::string_view name, double low, double high);
  [[nodiscard]] std::optional<bool> flag(std::string_view name);
  [[nodiscard]] std::optional<std::string> choice(std::string_view name, std::initializer_list<std::string_view> allowed);
  [[nodiscard]] Json const* object(std::string_view name);  ///< nullptr likewise
  [[nodiscard]] Json const* array(std::string_view name);

  [[nodiscard]] std::string needed_text(std::string_view name, std::size_t longest);  ///< absent or empty is a complaint
  [[nodiscard]] Json const* needed_object(std::string_view name);

  void only(std::initializer_list<std::string_view> known);  ///< any other field is a complaint
  void complain(std::string_view name, std::string code, std::string message);
  [[nodiscard]] std::string path(std::string_view name) const;

 private:
  [[nodiscard]] Json const* value(std::string_view name) const;  ///< nullptr when absent or null
  void wrong_type(std::string_view name, std::string_view expected, Json const& got);

  Json const& object_;
  std::string path_;
  Complaint& complaint_;
};

/// Parses without exceptions; refuses what nests deeper than 64 or is not one JSON object.
[[nodiscard]] std::optional<Json> parse_json_object(std::string_view bytes, Complaint& complaint);

}  // namespace parley::server
