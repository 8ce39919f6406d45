#pragma once
// Text serving over HTTP: /v1/chat/completions, /v1/completions and /generate on any language::Model.
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "language/model.hpp"
#include "server/http_routes.hpp"
#include "server/text/admission.hpp"
#include "server/text/text_metrics.hpp"
#include "server/text/text_request.hpp"

namespace parley::server {

/// The rule of admission, shared by the server's threads.
struct AdmissionDesk {
  explicit AdmissionDesk(AdmissionLimits limits) : rule(limits) {}
  std::mutex mutex;
  Admission rule;
};

struct TextHooks {
  /// The model of that name ("default" is always one). Called on a server thread, only once the server is ready.
  std::function<core::Result<std::shared_ptr<language::Model>>(std::string const& name)> find_model;
  std::shared_ptr<TextMetrics> metrics;           ///< told of every request
  std::shared_ptr<AdmissionDesk> admission = {};  ///< null: everybody is taken
  /// That model, with what the request looks up before it; absent: a request that does is refused.
  std::function<core::Result<std::shared_ptr<language::Model>>(std::shared_ptr<language::Model>, TextRequest::LookUp const&)>
      look_up = {};
  std::function<std::string()> more_metrics = {};  ///< further lines for /metrics; from any thread
};

/// A failure of a language model as the client is told it: what is too long is 400 and names the field.
[[nodiscard]] HttpReply text_error_reply(core::Error error, bool chat);

/// A model that was asked for by name and is not there (404 model_not_found), or could not be had.
[[nodiscard]] HttpReply model_error_reply(core::Error const& error);

/// What is said of a body that cannot be read.
[[nodiscard]] ProtocolError not_an_object();

/// Also `GET /metrics`.
void add_text_routes(HttpRoutes& routes, TextHooks hooks);

}  // namespace parley::server
