#include "language/grounds.hpp"

#include <nlohmann/json.hpp>

namespace parley::language {

using nlohmann::json;

json to_json(Grounds const& grounds) {
  json out{{"sources", json::array()}, {"citations", json::array()}, {"claims", json::array()}, {"whole", grounds.whole}};
  for (auto const& one : grounds.sources) {
    json source{{"number", out["sources"].size() + 1},
                {"path", one.path},
                {"title", one.title},
                {"text", one.text},
                {"begin", one.begin},
                {"end", one.end}};
    if (one.page > 0) source["page"] = one.page;
    out["sources"].push_back(std::move(source));
  }
  for (auto const& one : grounds.citations) {
    out["citations"].push_back({{"number", one.number}, {"begin", one.begin}, {"end", one.end}});
  }
  for (auto const& one : grounds.claims) {
    json claim{{"begin", one.begin}, {"end", one.end}, {"verdict", one.verdict}, {"similarity", one.similarity}};
    if (!one.done.empty()) claim["done"] = one.done;
    if (!one.missing.empty()) claim["missing"] = one.missing;
    if (one.source > 0) claim["evidence"] = {{"number", one.source}, {"begin", one.source_begin}, {"end", one.source_end}};
    out["claims"].push_back(std::move(claim));
  }
  return out;
}

Grounds grounds_from_json(json const& from) {
  Grounds grounds;
  grounds.whole = from.at("whole");
  for (auto const& one : from.at("sources")) {
    grounds.sources.push_back(
        {one.at("path"), one.at("title"), one.at("text"), one.at("begin"), one.at("end"), one.value("page", 0)});
  }
  for (auto const& one : from.at("citations")) grounds.citations.push_back({one.at("number"), one.at("begin"), one.at("end")});
  for (auto const& one : from.at("claims")) {
    Claim claim{one.at("begin"), one.at("end"), one.at("verdict"), one.value("done", ""), one.at("similarity"), 0, 0, 0, {}};
    if (one.contains("missing")) claim.missing = one["missing"].get<std::vector<std::string>>();
    if (one.contains("evidence")) {
      auto const& evidence = one["evidence"];
      claim.source = evidence.at("number");
      claim.source_begin = evidence.at("begin");
      claim.source_end = evidence.at("end");
    }
    grounds.claims.push_back(std::move(claim));
  }
  return grounds;
}

}  // namespace parley::language
