// What is served and what config/openapi.json says is served are the same.
#include "app/public_routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "server/server_state.hpp"

namespace parley::app {
namespace {

using nlohmann::json;

json description() {
  std::ifstream in(std::string(PARLEY_SOURCE_DIR) + "/config/openapi.json");
  return json::parse(in);
}

std::set<std::string> described(json const& document) {
  std::set<std::string> all;
  for (auto const& [path, methods] : document["paths"].items()) {
    for (auto const& [method, ignored] : methods.items()) {
      std::string name = method;
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      all.insert(name + " " + path);
    }
  }
  return all;
}

std::shared_ptr<server::ServerState> served() {
  server::Options options;
  (void)add_public_routes(options.routes, Config{}, [] { return nullptr; }, [] { return std::string(); });
  return std::make_shared<server::ServerState>(std::move(options), server::Hooks{});
}

TEST(OpenApi, describes_every_route_and_no_other) {
  auto const state = served();
  auto const paths = state->routes.paths();
  EXPECT_THAT(std::set<std::string>(paths.begin(), paths.end()), testing::ContainerEq(described(description())))
      << "mend config/openapi.json";
}

TEST(OpenApi, tells_which_routes_need_no_key) {
  auto const state = served();
  auto const document = description();
  for (auto const& [path, methods] : document["paths"].items()) {
    for (auto const& [method, operation] : methods.items()) {
      EXPECT_EQ(state->routes.rule(path).needs_key, !operation.contains("security")) << method << " " << path;
    }
  }
}

TEST(OpenApi, every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own) {
  auto const document = description();
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> names;
  std::function<void(json const&)> const walk = [&](json const& node) {
    if (node.is_object() && node.contains("$ref")) {
      EXPECT_TRUE(document.contains(json::json_pointer(node["$ref"].get<std::string>().substr(1)))) << node["$ref"];
    }
    if (node.is_object() && node.contains("operationId")) {
      EXPECT_TRUE(names.insert(node["operationId"].get<std::string>()).second) << node["operationId"];
    }
    if (node.is_structured()) std::ranges::for_each(node, walk);
  };
  walk(document);
  EXPECT_GT(names.size(), 15U);
}

}  // namespace
}  // namespace parley::app
