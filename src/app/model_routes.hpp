#pragma once
// POST /v1/models/load and /v1/models/unload: {"model": name} of a further model of the configuration.
#include <functional>

#include "server/http_routes.hpp"

namespace parley::app {

class House;

void add_model_routes(server::HttpRoutes& routes, std::function<House const*()> house);

}  // namespace parley::app
