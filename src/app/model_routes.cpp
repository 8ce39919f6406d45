#include "app/model_routes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/house.hpp"
#include "app/model_shelf.hpp"

namespace parley::app {
namespace {

using nlohmann::json;

server::HttpReply change(House const& house, server::HttpRequest const& request, bool load) {
  auto const body = json::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains("model") || !body["model"].is_string()) {
    return server::error_reply({core::Code::invalid, "The body must be {\"model\": name}.", "model", {}});
  }
  auto const name = body["model"].get<std::string>();
  auto* const shelf = house.shelf();
  if (shelf == nullptr || !shelf->find(name)) {
    return server::error_reply({core::Code::not_found,
                                fmt::format("'{}' is none of the models under 'models.more' of the configuration", name),
                                "model",
                                {}});
  }
  if (load)
    shelf->load(name);
  else
    shelf->unload(name);
  return {200, json{{"model", name}, {"state", std::string(name_of(shelf->state(name)))}}.dump(), "application/json", {}};
}

}  // namespace

void add_model_routes(server::HttpRoutes& routes, std::function<House const*()> house) {
  server::HttpRoutes::Rule const rule{.needs_key = true, .needs_ready = true};
  routes.add(
      "POST", "/v1/models/load", [house](server::HttpRequest const& asked) { return change(*house(), asked, true); }, rule);
  routes.add(
      "POST", "/v1/models/unload", [house](server::HttpRequest const& asked) { return change(*house(), asked, false); }, rule);
}

}  // namespace parley::app
