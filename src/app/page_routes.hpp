#pragma once
// What the page in the browser needs beside the Realtime protocol: its own files, the roles and the voices.
#include <functional>
#include <vector>

#include "language/role.hpp"
#include "server/http_routes.hpp"
#include "speech/synthesiser.hpp"

namespace parley::app {

/// `GET /` and `/assets/…`, open to everybody: a page without a key says so by itself.
void add_page(server::HttpRoutes& routes);

/// `GET /v1/roles`: {"data": [role, …], "standard": id}. `PUT /v1/roles` with one role: writes its file.
void add_role_routes(server::HttpRoutes& routes, language::Roles roles, std::string standard);

/// `GET /v1/voices`: {"data": [{"name", "languages", "description"}, …]}. `voices` may say that it is too early (unavailable);
/// it is called on the server's threads.
void add_voice_routes(server::HttpRoutes& routes, std::function<core::Result<std::vector<speech::VoiceInfo>>()> voices);

}  // namespace parley::app
