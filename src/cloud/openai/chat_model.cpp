#include "cloud/openai/chat_model.hpp"

#include "core/log.hpp"

namespace parley::cloud::openai {
namespace {

constexpr std::size_t most_refusal_bytes = 65536;

/// One answer on its way.
struct Answer {
  std::string service;
  language::Model::Sink sink;
  net::HttpHead head;
  std::string refusal;
  ChatReader reader;
  std::optional<language::Piece> finish;

  void body(std::string_view bytes) {
    if (head.status != 200) {
      refusal.append(bytes.substr(0, most_refusal_bytes - std::min(refusal.size(), most_refusal_bytes)));
      return;
    }
    for (auto& piece : reader.push(bytes)) {
      // The end waits for the last byte: then the connection is free for the next request.
      if (std::holds_alternative<language::Finish>(piece)) {
        finish = std::move(piece);
      } else {
        hand(std::move(piece));
      }
    }
  }
  void end(core::Result<void> const& result) {
    if (head.status != 0 && head.status != 200) return hand(chat_refusal(head.status, refusal, head.retry_after));
    if (finish) return hand(std::move(*finish));
    if (reader.finished()) return;
    if (!result) return hand(result.error());
    if (auto piece = reader.end()) hand(std::move(*piece));
  }
  void hand(language::Piece piece) {
    if (auto* error = std::get_if<core::Error>(&piece); error != nullptr && error->code != core::Code::cancelled) {
      error->subject = service + (error->subject.empty() ? "" : ": " + error->subject);
      if (!head.log_id.empty()) error->subject += ", log id " + head.log_id;
      spdlog::info("cloud: {}", core::describe(*error));
    }
    sink(std::move(piece));
  }
};

}  // namespace

ChatModel::ChatModel(net::Network& network, Options options) : options_(std::move(options)), http_(network) {}

core::Job ChatModel::generate(language::GenerateRequest request, Sink sink) {
  net::HttpRequest http;
  http.address = options_.address / "/chat/completions";
  http.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
  if (!options_.key.empty()) http.headers.emplace_back("Authorization", "Bearer " + options_.key.reveal());
  http.body = chat_request(request, options_.chat);
  http.patience = options_.patience;
  auto const answer = std::make_shared<Answer>();
  answer->service = options_.service;
  answer->sink = std::move(sink);
  return http_.send(std::move(http), {[answer](net::HttpHead const& head) { answer->head = head; },
                                      [answer](std::string_view bytes) { answer->body(bytes); },
                                      [answer](core::Result<void> const& result) { answer->end(result); }});
}

core::Job ChatModel::prepare(std::vector<language::Message>, core::Urgency) { return {}; }

}  // namespace parley::cloud::openai
