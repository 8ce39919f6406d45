#include "app/knowledge_routes.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <tuple>

#include "app/knowledge_base.hpp"
#include "knowledge/ingest.hpp"

namespace parley::app {
namespace {

using core::Code;
using core::Result;
using nlohmann::json;
using server::HttpReply;
using server::HttpRequest;
using Work = server::HttpRoutes::Work;
using AnswerTo = std::shared_ptr<server::Answer>;

constexpr server::HttpRoutes::Rule rule{.needs_key = true, .needs_ready = true};

HttpReply reply(json const& body) {
  return {200, body.dump(-1, ' ', false, json::error_handler_t::replace), "application/json", {}};
}

Result<json> object_of(HttpRequest const& request, std::span<std::string_view const> keys) {
  auto body = json::parse(request.body, nullptr, false);
  if (body.is_discarded() || !body.is_object()) return core::fail(Code::invalid, "The body must be a JSON object.");
  for (auto const& [key, ignored] : body.items()) {
    if (std::ranges::find(keys, key) == keys.end())
      return core::fail(Code::invalid, "There is no field '" + key + "' here.", key);
  }
  return body;
}

Result<std::string> text_field(json const& body, char const* key, std::string fallback, bool needed) {
  auto const at = body.find(key);
  if (at == body.end() || at->is_null()) {
    if (needed) return core::fail(Code::invalid, std::string("'") + key + "' is missing.", key);
    return fallback;
  }
  if (!at->is_string()) return core::fail(Code::invalid, std::string("'") + key + "' must be a text.", key);
  return at->get<std::string>();
}

std::string query_value(HttpRequest const& request, std::string const& key, std::string fallback) {
  auto const found = request.target.query.find(key);
  return found == request.target.query.end() ? std::move(fallback) : found->second;
}

HttpReply list_documents(KnowledgeRoom& room, HttpRequest const& request) {
  auto const store = room.base(query_value(request, "base", "default"), false);
  if (!store) return server::error_reply(store.error());
  auto const documents = (*store)->documents();
  if (!documents) return server::error_reply(documents.error());
  json data = json::array();
  for (auto const& one : *documents) {
    data.push_back({{"path", one.path}, {"title", one.title}, {"chunks", one.chunks}, {"digest", one.digest}});
  }
  return reply({{"object", "list"}, {"data", std::move(data)}});
}

HttpReply remove_document(KnowledgeRoom& room, HttpRequest const& request) {
  auto const path = query_value(request, "path", "");
  if (path.empty()) return server::error_reply({Code::invalid, "'path' is missing.", "path", {}});
  auto const store = room.base(query_value(request, "base", "default"), false);
  if (!store) return server::error_reply(store.error());
  auto const removed = (*store)->remove(path);
  if (!removed) return server::error_reply(removed.error());
  if (!*removed) return server::error_reply({Code::not_found, "There is no such document.", "path", {}});
  return reply({{"path", path}, {"deleted", true}});
}

struct NewDocument {
  std::string base, path, title, text;
};

Result<NewDocument> new_document(HttpRequest const& request) {
  constexpr std::array<std::string_view, 4> keys{"base", "path", "title", "text"};
  auto const body = object_of(request, keys);
  if (!body) return std::unexpected(body.error());
  NewDocument made;
  for (auto const& [key, out, needed] : {std::tuple{"base", &made.base, false}, std::tuple{"path", &made.path, true},
                                         std::tuple{"title", &made.title, false}, std::tuple{"text", &made.text, true}}) {
    auto value = text_field(*body, key, std::string_view(key) == "base" ? "default" : "", needed);
    if (!value) return std::unexpected(value.error());
    *out = std::move(*value);
  }
  return made;
}

HttpReply added(KnowledgeRoom& room, NewDocument const& document, std::stop_token stop) {
  auto const store = room.base(document.base, true);
  if (!store) return server::error_reply(store.error());
  auto const embedder = room.embedder();
  if (!embedder) return server::error_reply(embedder.error());
  auto const report =
      knowledge::ingest_text(**store, **embedder, document.path, document.title, document.text, {}, std::move(stop));
  if (!report) return server::error_reply(report.error());
  constexpr std::array<char const*, 3> fates{"added", "updated", "unchanged"};
  return reply({{"path", report->path}, {"fate", fates[static_cast<std::size_t>(report->fate)]}, {"chunks", report->chunks}});
}

Work add_document(KnowledgeRoom& room, HttpRequest const& request, AnswerTo const& answer) {
  auto document = new_document(request);
  if (!document) {
    answer->reply(server::error_reply(document.error()));
    return nullptr;
  }
  auto const queued = room.later([&room, document = std::move(*document), answer](std::stop_token stop) {
    answer->reply(added(room, document, std::move(stop)));
  });
  if (!queued) answer->reply(server::error_reply(queued.error()));
  return nullptr;
}

struct Search {
  std::string base, question;
  knowledge::SearchOptions options;
};

Result<Search> search_of(HttpRequest const& request) {
  constexpr std::array<std::string_view, 5> keys{"base", "query", "count", "way", "path_prefix"};
  auto const body = object_of(request, keys);
  if (!body) return std::unexpected(body.error());
  Search wish;
  std::string way;
  for (auto const& [key, out, fallback] :
       {std::tuple{"base", &wish.base, "default"}, std::tuple{"query", &wish.question, ""}, std::tuple{"way", &way, "hybrid"},
        std::tuple{"path_prefix", &wish.options.filter.path_prefix, ""}}) {
    auto value = text_field(*body, key, fallback, std::string_view(key) == "query");
    if (!value) return std::unexpected(value.error());
    *out = std::move(*value);
  }
  if (wish.question.find_first_not_of(" \t\r\n") == std::string::npos) {
    return core::fail(Code::invalid, "'query' is empty.", "query");
  }
  if (way != "hybrid" && way != "meaning" && way != "words") {
    return core::fail(Code::invalid, "'way' must be hybrid, meaning or words.", "way");
  }
  wish.options.way = way == "meaning" ? knowledge::Way::meaning
                     : way == "words" ? knowledge::Way::words
                                      : knowledge::Way::hybrid;
  if (auto const count = body->find("count"); count != body->end()) {
    if (!count->is_number_integer() || *count < 1 || *count > 50) {
      return core::fail(Code::invalid, "'count' must be a whole number from 1 to 50.", "count");
    }
    wish.options.count = count->get<std::size_t>();
  }
  return wish;
}

json as_json(std::vector<knowledge::Passage> const& passages) {
  json data = json::array();
  for (auto const& one : passages) {
    json made{{"number", data.size() + 1}, {"path", one.path}, {"title", one.title}, {"text", one.text},
              {"begin", one.begin},        {"end", one.end},   {"score", one.score}, {"similarity", one.cosine}};
    if (one.page > 0) made["page"] = one.page;
    data.push_back(std::move(made));
  }
  return data;
}

Work search(KnowledgeRoom& room, HttpRequest const& request, AnswerTo const& answer) {
  auto wish = search_of(request);
  if (!wish) {
    answer->reply(server::error_reply(wish.error()));
    return nullptr;
  }
  auto job = room.search({wish->base}, wish->question, wish->options, core::Urgency::text,
                         [answer](core::Result<std::vector<knowledge::Passage>> const& found) {
                           if (!found) return answer->reply(server::error_reply(found.error()));
                           answer->reply(reply({{"object", "list"}, {"data", as_json(*found)}}));
                         });
  return std::make_shared<core::Job>(std::move(job));
}

}  // namespace

void add_knowledge_routes(server::HttpRoutes& routes, std::function<KnowledgeRoom&()> room) {
  routes.add(
      "GET", "/v1/knowledge",
      [](HttpRequest const&) {
        json data = json::array();
        for (auto const& name : knowledge_names()) data.push_back({{"id", name}, {"object", "knowledge_base"}});
        return reply({{"object", "list"}, {"data", std::move(data)}});
      },
      rule);
  routes.add(
      "GET", "/v1/knowledge/documents", [room](HttpRequest const& request) { return list_documents(room(), request); }, rule);
  routes.add(
      "DELETE", "/v1/knowledge/documents", [room](HttpRequest const& request) { return remove_document(room(), request); },
      rule);
  routes.add_later(
      "POST", "/v1/knowledge/documents",
      [room](HttpRequest const& request, AnswerTo const& answer) { return add_document(room(), request, answer); }, rule);
  routes.add_later(
      "POST", "/v1/knowledge/search",
      [room](HttpRequest const& request, AnswerTo const& answer) { return search(room(), request, answer); }, rule);
}

}  // namespace parley::app
