#pragma once
// Every route that `parley serve` answers beside the server's own and the page. config/openapi.json describes them all.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "server/http_routes.hpp"
#include "server/keys/key_book.hpp"

namespace parley::app {

class House;

/// `house`: null until it is open. `metrics`: lines for /metrics from elsewhere. Returns the models there are to be asked for
/// by name.
std::vector<std::string> add_public_routes(server::HttpRoutes& routes, Config const& config,
                                           std::function<House const*()> house, std::function<std::string()> metrics);

}  // namespace parley::app
