#pragma once
#include "engine/ggml/llama_request.hpp"

struct llama_context;

namespace parley::engine {

/// Draws the next token of a request from output `row` of the last step, and tells its samplers.
[[nodiscard]] DrawnToken draw_token(LlamaRequest& request, llama_context* context, int row);

}  // namespace parley::engine
