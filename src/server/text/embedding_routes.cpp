#include "server/text/embedding_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "server/base64.hpp"
#include "server/field_reader.hpp"
#include "server/keys/key_account.hpp"
#include "server/text/text_routes.hpp"

namespace parley::server {
namespace {

static_assert(std::endian::native == std::endian::little, "vectors are sent as this machine holds them");

void read_input(FieldReader& fields, Json const& body, std::vector<std::string>& texts) {
  auto const given = body.find("input");
  if (given == body.end() || given->is_null()) {
    return fields.complain("input", "missing_required_parameter", "Missing required parameter: 'input'.");
  }
  Json const list = given->is_array() ? *given : Json::array({*given});
  if (list.empty() || list.size() > most_embedded_texts) {
    return fields.complain("input", "invalid_value",
                           fmt::format("'input' holds 1 to {} texts; {} were given.", most_embedded_texts, list.size()));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string const where = given->is_array() ? fmt::format("input[{}]", i) : "input";
    Json const& each = list[i];
    if (each.is_number() || each.is_array()) {
      return fields.complain(where, "unsupported_value",
                             "'input' is tokens of another model's vocabulary, which mean nothing to this one: send the text "
                             "itself (in LangChain: check_embedding_ctx_length=False).");
    }
    if (!each.is_string()) return fields.complain(where, "invalid_type", "'" + where + "' is a text.");
    if (each.get_ref<std::string const&>().empty()) {
      return fields.complain(where, "invalid_value", "'" + where + "' is empty; there is nothing to embed.");
    }
    texts.push_back(each.get<std::string>());
  }
}

std::string vector_text(language::Vector const& vector, bool base64) {
  if (base64) {
    std::string text = "\"";
    std::string bytes(vector.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), vector.data(), bytes.size());
    append_base64(text, bytes);
    return text + "\"";
  }
  std::string text = "[";
  for (float const x : vector) text += fmt::format("{}{}", text.size() > 1 ? "," : "", x);
  return text + "]";
}

HttpReply vectors_reply(std::vector<language::Vector> const& vectors, std::string const& model, bool base64,
                        std::size_t tokens) {
  std::string body = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    body += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":{}}})", i > 0 ? "," : "", i,
                        vector_text(vectors[i], base64));
  }
  body += fmt::format(R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})", Json(model).dump(), tokens, tokens);
  return {200, std::move(body), "application/json", {}};
}

/// Tokens of all texts together, or the first that is too long to be read whole.
std::expected<std::size_t, ProtocolError> counted(EmbeddingRequest const& request, language::Embedder const& embedder) {
  std::size_t all = 0;
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    auto const tokens = embedder.count_tokens(request.texts[i], request.purpose);
    if (embedder.most_tokens() != 0 && tokens > embedder.most_tokens()) {
      return std::unexpected(
          ProtocolError{"context_length_exceeded",
                        fmt::format("The text has {} tokens and the model reads {}; split it.", tokens, embedder.most_tokens()),
                        request.texts.size() > 1 ? fmt::format("input[{}]", i) : "input",
                        {}});
    }
    all += tokens;
  }
  return all;
}

HttpRoutes::Work embed(EmbeddingHooks const& hooks, HttpRequest const& asked, std::shared_ptr<Answer> answer) {
  auto request = read_embedding(asked.body);
  if (!request) return answer->reply(error_reply(400, request.error())), nullptr;
  auto const embedder = hooks.find_embedder(request->model);
  if (!embedder) return answer->reply(model_error_reply(embedder.error())), nullptr;
  auto const size = (*embedder)->dimensions();
  if (request->dimensions != 0 && request->dimensions != size) {
    ProtocolError const wrong{
        "invalid_value", fmt::format("This model makes vectors of {} dimensions and no others.", size), "dimensions", {}};
    return answer->reply(error_reply(400, wrong)), nullptr;
  }
  auto const tokens = counted(*request, **embedder);
  if (!tokens) return answer->reply(error_reply(400, tokens.error())), nullptr;
  std::shared_ptr<KeyAccount::TokenHold> hold;
  if (asked.account) {
    auto held = asked.account->hold_tokens(static_cast<std::int64_t>(*tokens));
    if (!held) return answer->reply(refusal_reply(held.error())), nullptr;
    hold = *std::move(held);
  }
  auto sink = [answer, hold, model = request->model, base64 = request->base64,
               tokens = *tokens](core::Result<std::vector<language::Vector>> const& vectors) {
    if (hold && vectors) hold->settle(static_cast<std::int64_t>(tokens), 0);
    answer->reply(vectors ? vectors_reply(*vectors, model, base64, tokens) : error_reply(vectors.error()));
  };
  return std::make_shared<core::Job>(
      (*embedder)->embed(std::move(request->texts), request->purpose, core::Urgency::text, std::move(sink)));
}

}  // namespace

std::expected<EmbeddingRequest, ProtocolError> read_embedding(std::string_view bytes) {
  Complaint complaint;
  auto const body = parse_json_object(bytes, complaint);
  if (!body) return std::unexpected(not_an_object());
  FieldReader fields(*body, "", complaint);
  EmbeddingRequest request;
  if (auto model = fields.text("model", 256); model && !model->empty()) request.model = *std::move(model);
  if (auto const v = fields.choice("encoding_format", {"float", "base64"})) request.base64 = *v == "base64";
  if (auto const v = fields.choice("input_type", {"query", "passage"})) {
    request.purpose = *v == "passage" ? language::Purpose::passage : language::Purpose::query;
  }
  if (auto const v = fields.integer("dimensions", 1, 1 << 20)) request.dimensions = static_cast<std::size_t>(*v);
  read_input(fields, *body, request.texts);
  if (complaint) return std::unexpected(*complaint);
  return request;
}

void add_embedding_routes(HttpRoutes& routes, EmbeddingHooks hooks) {
  routes.add_later("POST", "/v1/embeddings",
                   [hooks = std::move(hooks)](HttpRequest const& asked, std::shared_ptr<Answer> answer) {
                     return embed(hooks, asked, std::move(answer));
                   },
                   {.needs_key = true, .needs_ready = true});
}

}  // namespace parley::server
