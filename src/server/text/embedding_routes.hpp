#pragma once
// /v1/embeddings on any language::Embedder.
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "language/embedder.hpp"
#include "server/http_routes.hpp"

namespace parley::server {

struct EmbeddingRequest {
  std::string model = "default";
  std::vector<std::string> texts;
  language::Purpose purpose = language::Purpose::query;
  bool base64 = false;         ///< of little-endian 32-bit floats
  std::size_t dimensions = 0;  ///< 0: the model's
};

inline constexpr std::size_t most_embedded_texts = 2048;

/// Source: OpenAI's API reference. `input_type` ("query", "passage") is an addition for models that treat the two differently;
/// without it all texts are queries, which is what such models want when alike is compared with alike.
[[nodiscard]] std::expected<EmbeddingRequest, ProtocolError> read_embedding(std::string_view body);

struct EmbeddingHooks {
  /// The model of that name ("default" is always one). Called on a server thread, only once the server is ready.
  std::function<core::Result<std::shared_ptr<language::Embedder>>(std::string const& name)> find_embedder;
};

void add_embedding_routes(HttpRoutes& routes, EmbeddingHooks hooks);

}  // namespace parley::server
