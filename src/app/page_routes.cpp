#include "app/page_routes.hpp"

#include <nlohmann/json.hpp>

#include "app/page_files.hpp"

namespace parley::app {
namespace {

using nlohmann::json;
using server::HttpReply;
using server::HttpRequest;

HttpReply refused(core::Error const& error) {
  HttpReply reply = server::error_reply(core::http_status(error.code),
                                        {std::string(core::name(error.code)), error.message, error.subject, {}});
  if (error.code == core::Code::unavailable) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

HttpReply answer(json const& body) {
  return {200, body.dump(-1, ' ', false, json::error_handler_t::replace), "application/json", {}};
}

json to_json(language::Role const& role) {
  return {{"id", role.id},
          {"name", role.name},
          {"language", role.language},
          {"personality", role.personality},
          {"greeting", role.greeting},
          {"voices", role.voices.empty() ? json::object() : json(role.voices)},
          {"speed", std::stod(std::to_string(role.speed))},
          {"eagerness", role.eagerness}};
}

/// The fields that a page may set over those of `role`; what is wrong in them the role's own reader finds.
core::Result<language::Role> from_json(std::string const& body, language::Roles const& roles) {
  json const given = json::parse(body, nullptr, false);
  if (!given.is_object()) return core::fail(core::Code::invalid, "a role is sent as one JSON object");
  language::Role role;
  auto const id = given.find("id");
  if (id == given.end() || !id->is_string()) return core::fail(core::Code::invalid, "a role needs an id", "id");
  if (auto known = roles.load(id->get<std::string>())) role = *std::move(known);
  role.id = id->get<std::string>();
  auto const text = [&](char const* key, std::string& into) {
    auto const found = given.find(key);
    if (found == given.end()) return true;
    if (!found->is_string()) return false;
    into = found->get<std::string>();
    return true;
  };
  for (auto const& [key, into] :
       {std::pair{"name", &role.name}, std::pair{"language", &role.language}, std::pair{"personality", &role.personality},
        std::pair{"greeting", &role.greeting}, std::pair{"eagerness", &role.eagerness}}) {
    if (!text(key, *into)) return core::fail(core::Code::invalid, std::string("'") + key + "' must be a text", key);
  }
  if (auto const speed = given.find("speed"); speed != given.end()) {
    if (!speed->is_number()) return core::fail(core::Code::invalid, "'speed' must be a number", "speed");
    role.speed = speed->get<float>();
  }
  if (auto const voices = given.find("voices"); voices != given.end()) {
    role.voices.clear();
    if (!voices->is_object()) return core::fail(core::Code::invalid, "'voices' maps zh and en to voices", "voices");
    for (auto const& [language, voice] : voices->items()) {
      if (!voice.is_string()) return core::fail(core::Code::invalid, "'voices' maps zh and en to voices", "voices");
      role.voices[language] = voice.get<std::string>();
    }
  }
  return role;
}

HttpReply file_reply(PageFile const& file) {
  HttpReply reply{200, std::string(file.gzip.begin(), file.gzip.end()), std::string(file.type), {}};
  bool const lasting = file.path.starts_with("/assets/");
  reply.headers = {
      {"Content-Encoding", "gzip"},
      {"Cache-Control", lasting ? "public, max-age=31536000, immutable" : "no-cache"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Permissions-Policy", "microphone=(self), camera=(), geolocation=()"},
      {"Content-Security-Policy",
       "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}};
  return reply;
}

}  // namespace

void add_page(server::HttpRoutes& routes) {
  for (auto const& file : page_files()) {
    routes.add("GET", std::string(file.path), [&file](HttpRequest const&) { return file_reply(file); }, {.needs_key = false});
  }
}

void add_role_routes(server::HttpRoutes& routes, language::Roles roles, std::string standard) {
  auto const list = [roles, standard](HttpRequest const&) {
    json body{{"object", "list"}, {"data", json::array()}, {"standard", standard}};
    for (auto const& id : roles.ids()) {
      if (auto const role = roles.load(id)) body["data"].push_back(to_json(*role));  // a broken file is said when it is called
    }
    return answer(body);
  };
  auto const save = [roles](HttpRequest const& request) {
    auto const role = from_json(request.body, roles);
    if (!role) return refused(role.error());
    if (auto const saved = roles.save(*role); !saved) return refused(saved.error());
    return answer(to_json(*role));
  };
  routes.add("GET", "/v1/roles", list, {.needs_key = true});
  routes.add("PUT", "/v1/roles", save, {.needs_key = true});
}

void add_voice_routes(server::HttpRoutes& routes, std::function<core::Result<std::vector<speech::VoiceInfo>>()> voices) {
  auto const list = [voices = std::move(voices)](HttpRequest const&) {
    auto const known = voices();
    if (!known) return refused(known.error());
    json body{{"object", "list"}, {"data", json::array()}};
    for (auto const& voice : *known) {
      body["data"].push_back({{"name", voice.name}, {"languages", voice.languages}, {"description", voice.description}});
    }
    return answer(body);
  };
  routes.add("GET", "/v1/voices", list, {.needs_key = true});
}

}  // namespace parley::app
