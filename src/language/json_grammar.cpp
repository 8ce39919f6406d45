#include "language/json_grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace parley::language {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_rules = 2000;
constexpr int most_repeats = 1000;
constexpr int deepest = 64;

struct Mistake {
  std::string sentence, place;
};

// Blank space is bounded: a model that likes indenting would otherwise do nothing else.
constexpr std::string_view terminals = R"gbnf(space ::= | " " | "\n" [ \t]{0,20}
char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
string ::= "\"" char* "\"" space
integer ::= "-"? ("0" | [1-9] [0-9]{0,15}) space
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})? space
boolean ::= ("true" | "false") space
null ::= "null" space
member ::= string ":" space value
object ::= "{" space (member ("," space member)*)? "}" space
array ::= "[" space (value ("," space value)*)? "]" space
value ::= object | array | string | number | boolean | null
date ::= "\"" [0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01]) "\"" space
clock ::= ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{3})? ("Z" | [-+] [01] [0-9] ":" [0-5] [0-9])
time ::= "\"" clock "\"" space
date-time ::= "\"" [0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01]) "T" clock "\"" space
uuid ::= "\"" [0-9a-f]{8} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{12} "\"" space
)gbnf";

/// As a quoted literal.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (char const c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += c;
    }
  }
  return out + "\"";
}

class Grammar {
 public:
  Grammar(Json const& root, bool strict) : root_(root), strict_(strict) {}

  std::string text() {
    std::string const start = root_.is_object() && root_.empty() ? "object" : visit(root_, "", 0);
    std::string out = "root ::= space " + start + "\n";
    for (auto const& [name, body] : rules_) out += name + " ::= " + body + "\n";
    return out + std::string(terminals);
  }

 private:
  [[noreturn]] static void refuse(std::string sentence, std::string place) {
    throw Mistake{std::move(sentence), std::move(place)};
  }

  std::string fresh() {
    if (rules_.size() >= most_rules) refuse("the schema is too large", "");
    std::string name = fmt::format("rule-{}", rules_.size());
    rules_.emplace_back(name, "");
    return name;
  }
  std::string rule(std::string body) {
    std::string name = fresh();
    rules_.back().second = std::move(body);
    return name;
  }
  void define(std::string const& name, std::string body) {
    std::ranges::find(rules_, name, &std::pair<std::string, std::string>::first)->second = std::move(body);
  }

  int count(Json const& schema, char const* key, int otherwise, std::string const& place) {
    auto const found = schema.find(key);
    if (found == schema.end()) return otherwise;
    if (!found->is_number_integer() || found->get<long>() < 0 || found->get<long>() > most_repeats) {
      refuse(fmt::format("'{}' must be a whole number from 0 to {}", key, most_repeats), place);
    }
    return found->get<int>();
  }

  void check_keywords(Json const& schema, std::string const& place) {
    // What says how a value must be and is not understood; anything else is a remark.
    constexpr std::array<std::string_view, 15> constraints{
        "pattern",         "minimum",       "maximum", "exclusiveMinimum",  "exclusiveMaximum",  "multipleOf",    "uniqueItems",
        "contains",        "propertyNames", "not",     "dependentRequired", "patternProperties", "minProperties", "if",
        "dependentSchemas"};
    if (!strict_) return;
    for (auto const& keyword : constraints) {
      if (schema.contains(std::string(keyword))) refuse(fmt::format("the keyword '{}' is not supported", keyword), place);
    }
  }

  std::string reference(Json const& to, std::string const& place, int depth) {
    if (!to.is_string() || !to.get_ref<std::string const&>().starts_with("#")) {
      refuse("'$ref' must point into this schema, like '#/$defs/name'", place);
    }
    auto const& pointer = to.get_ref<std::string const&>();
    if (auto const known = references_.find(pointer); known != references_.end()) return known->second;
    Json const* target = nullptr;
    try {
      target = &root_.at(Json::json_pointer(pointer.substr(1)));
    } catch (Json::exception const&) {
      refuse(fmt::format("'$ref' points to '{}', which is not there", pointer), place);
    }
    std::string const name = fresh();
    references_[pointer] = name;
    define(name, visit(*target, pointer, depth + 1));
    return name;
  }

  std::string choice(Json const& schemas, std::string const& place, int depth) {
    if (!schemas.is_array() || schemas.empty()) refuse("this must be a list of schemas", place);
    std::string body;
    for (std::size_t i = 0; i < schemas.size(); ++i) {
      body += (i == 0 ? "" : " | ") + visit(schemas[i], fmt::format("{}/{}", place, i), depth + 1);
    }
    return rule(body);
  }

  std::string one_of_values(Json const& values, std::string const& place) {
    if (!values.is_array() || values.empty()) refuse("'enum' must be a list of values", place);
    std::string body;
    for (auto const& value : values) body += (body.empty() ? "(" : " | ") + literal(value.dump());
    return rule(body + ") space");
  }

  std::string string(Json const& schema, std::string const& place) {
    if (auto const format = schema.find("format"); format != schema.end() && format->is_string()) {
      auto const& name = format->get_ref<std::string const&>();
      if (name == "date" || name == "time" || name == "date-time" || name == "uuid") return name;
      if (strict_) refuse(fmt::format("the format '{}' is not supported", name), place);
    }
    int const least = count(schema, "minLength", 0, place);
    int const most = count(schema, "maxLength", -1, place);
    if (least == 0 && most < 0) return "string";
    return rule(fmt::format("\"\\\"\" char{{{},{}}} \"\\\"\" space", least, most < 0 ? "" : std::to_string(most)));
  }

  std::string array(Json const& schema, std::string const& place, int depth) {
    if (auto const first = schema.find("prefixItems"); first != schema.end() && first->is_array()) {
      std::string body = "\"[\" space";
      for (std::size_t i = 0; i < first->size(); ++i) {
        body += (i == 0 ? " " : " \",\" space ") + visit((*first)[i], fmt::format("{}/prefixItems/{}", place, i), depth + 1);
      }
      return rule(body + " \"]\" space");
    }
    int const least = count(schema, "minItems", 0, place);
    int const most = count(schema, "maxItems", -1, place);
    std::string const item = schema.contains("items") ? visit(schema["items"], place + "/items", depth + 1) : "value";
    if (most == 0) return rule("\"[\" space \"]\" space");
    std::string const more = fmt::format("(\",\" space {}){{{},{}}}", item, std::max(0, least - 1),
                                         most < 0 ? "" : std::to_string(std::max(0, most - 1)));
    std::string const items = least == 0 ? fmt::format("({} {})?", item, more) : fmt::format("{} {}", item, more);
    return rule(fmt::format("\"[\" space {} \"]\" space", items));
  }

  std::string object(Json const& schema, std::string const& place, int depth) {
    struct Member {
      std::string rule;
      bool required;
    };
    std::vector<Member> members;
    auto const required = [&](std::string const& name) {
      auto const list = schema.find("required");
      return list != schema.end() && list->is_array() && std::ranges::find(*list, Json(name)) != list->end();
    };
    if (auto const properties = schema.find("properties"); properties != schema.end()) {
      if (!properties->is_object()) refuse("'properties' must be an object", place);
      for (auto const& [name, each] : properties->items()) {
        std::string const value = visit(each, place + "/properties/" + name, depth + 1);
        members.push_back({rule(literal(Json(name).dump()) + " space \":\" space " + value), required(name)});
      }
    }
    auto const extra = schema.find("additionalProperties");
    bool const closed = extra != schema.end() ? extra->is_boolean() && !extra->get<bool>() : !members.empty();
    std::string more;
    if (!closed) {
      std::string const value =
          extra != schema.end() && extra->is_object() ? visit(*extra, place + "/additionalProperties", depth + 1) : "value";
      more = rule("string \":\" space " + value);
    }
    // after[i][said]: what may follow when the first i members have been decided and one of them was said, or none
    std::array<std::string, 2> after;
    if (!more.empty()) {
      after[1] = rule(fmt::format("(\",\" space {})*", more));
      after[0] = rule(fmt::format("({} {})?", more, after[1]));
    }
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      std::array<std::string, 2> here;
      for (int const said : {0, 1}) {
        std::string const taken = (said == 0 ? "" : "\",\" space ") + member->rule + " " + after[1];
        here[said] =
            rule(member->required ? taken : fmt::format("({}) | ({})", taken, after[said].empty() ? "\"\"" : after[said]));
      }
      after = here;
    }
    return rule("\"{\" space " + after[0] + " \"}\" space");
  }

  std::string typed(std::string const& type, Json const& schema, std::string const& place, int depth) {
    if (type == "string") return string(schema, place);
    if (type == "array") return array(schema, place, depth);
    if (type == "object") return object(schema, place, depth);
    if (type == "integer" || type == "number" || type == "boolean" || type == "null") return type;
    refuse(fmt::format("there is no type '{}'", type), place);
  }

  std::string visit(Json const& schema, std::string const& place, int depth) {
    if (depth > deepest) refuse("the schema is nested too deeply", place);
    if (schema.is_boolean() && schema.get<bool>()) return "value";
    if (!schema.is_object()) refuse("a schema is an object", place);
    check_keywords(schema, place);
    if (auto const to = schema.find("$ref"); to != schema.end()) return reference(*to, place, depth);
    if (auto const value = schema.find("const"); value != schema.end()) return rule(literal(value->dump()) + " space");
    if (auto const values = schema.find("enum"); values != schema.end()) return one_of_values(*values, place);
    for (char const* key : {"anyOf", "oneOf"}) {
      if (schema.contains(key)) return choice(schema[key], place + "/" + key, depth);
    }
    if (auto const all = schema.find("allOf"); all != schema.end()) {
      if (!all->is_array() || all->size() != 1) refuse("'allOf' is only supported with one schema in it", place);
      return visit((*all)[0], place + "/allOf/0", depth + 1);
    }
    auto const type = schema.find("type");
    if (type == schema.end()) {
      if (schema.contains("properties")) return object(schema, place, depth);
      if (schema.contains("items")) return array(schema, place, depth);
      return "value";
    }
    if (type->is_string()) return typed(type->get<std::string>(), schema, place, depth);
    if (!type->is_array() || type->empty()) refuse("'type' is a name or a list of names", place);
    std::string body;
    for (auto const& each : *type) {
      if (!each.is_string()) refuse("'type' is a name or a list of names", place);
      body += (body.empty() ? "" : " | ") + typed(each.get<std::string>(), schema, place, depth);
    }
    return rule(body);
  }

  Json const& root_;
  bool strict_;
  std::vector<std::pair<std::string, std::string>> rules_;
  std::map<std::string, std::string> references_;
};

}  // namespace

core::Result<std::string> json_grammar(std::string_view schema, bool strict) {
  Json const parsed = Json::parse(schema, nullptr, false);
  if (!parsed.is_object()) return core::fail(core::Code::invalid, "the schema is not a JSON object", "schema");
  try {
    return Grammar(parsed, strict).text();
  } catch (Mistake const& mistake) {
    return core::fail(core::Code::invalid, "the JSON schema cannot be used: " + mistake.sentence,
                      "schema" + (mistake.place.empty() ? "" : "#" + mistake.place));
  } catch (Json::exception const& error) {
    return core::fail(core::Code::invalid, std::string("the JSON schema cannot be used: ") + error.what(), "schema");
  }
}

}  // namespace parley::language
