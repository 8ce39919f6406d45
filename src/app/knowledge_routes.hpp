#pragma once
// /v1/knowledge: bases, their documents, search.
//
//   GET    /v1/knowledge                                → {"object": "list", "data": [{"id"}]}
//   GET    /v1/knowledge/documents?base=default         → {"object": "list", "data": [{"path", "title", "chunks", "digest"}]}
//   POST   /v1/knowledge/documents {"base", "path", "title", "text"}          → {"path", "fate", "chunks"}
//   DELETE /v1/knowledge/documents?base=default&path=…  → {"path", "deleted": true}
//   POST   /v1/knowledge/search {"base", "query", "count", "way", "path_prefix"} → {"object": "list", "data": [passages]}
#include <functional>

#include "app/knowledge_room.hpp"
#include "server/http_routes.hpp"

namespace parley::app {

/// `room` is only called once the server is ready.
void add_knowledge_routes(server::HttpRoutes& routes, std::function<KnowledgeRoom&()> room);

}  // namespace parley::app
