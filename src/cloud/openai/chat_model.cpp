#include "cloud/openai/chat_model.hpp"

#include "cloud/openai/refusal.hpp"
#include "core/utf8.hpp"

namespace parley::cloud::openai {
namespace {

constexpr std::size_t most_refusal_bytes = 65536;

/// One answer on its way.
struct Answer {
  core::ServiceUse use;
  std::shared_ptr<core::Ledger> ledger;
  bool chinese = false;
  language::Model::Sink sink;
  net::HttpHead head;
  std::string refused;
  ChatReader reader;
  std::optional<language::Piece> finish;

  void body(std::string_view bytes) {
    if (head.status != 200) {
      refused.append(bytes.substr(0, most_refusal_bytes - std::min(refused.size(), most_refusal_bytes)));
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
    if (head.status != 0 && head.status != 200) return hand(refusal(head.status, refused, head.retry_after));
    if (finish) return hand(std::move(*finish));
    if (reader.finished()) return;
    if (!result) return hand(result.error());
    if (auto piece = reader.end()) hand(std::move(*piece));
  }
  void hand(language::Piece piece) {
    use.log_id = head.log_id;
    if (auto* error = std::get_if<core::Error>(&piece)) {
      piece = reported(std::move(*error), use, ledger);
    } else if (auto const* last = std::get_if<language::Finish>(&piece)) {
      if (last->reason == language::FinishReason::content_filter) sink(language::Delta{regret()});
      use.prompt_tokens = last->usage.prompt_tokens;
      use.cached_tokens = last->usage.cached_tokens;
      use.completion_tokens = last->usage.completion_tokens;
      if (ledger) ledger->add(use);
    }
    sink(std::move(piece));
  }
  /// Whoever asked shall hear why nothing more comes.
  [[nodiscard]] std::string regret() const {
    return chinese ? "抱歉，这个话题我不能继续说。" : " I am sorry, I cannot go on about this.";
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
  answer->use.service = options_.service;
  answer->use.product = options_.chat.model;
  answer->ledger = std::move(request.ledger);
  answer->chinese = !request.messages.empty() && core::guess_language(request.messages.back().text) == "zh";
  answer->sink = std::move(sink);
  return http_.send(std::move(http), {[answer](net::HttpHead const& head) { answer->head = head; },
                                      [answer](std::string_view bytes) { answer->body(bytes); },
                                      [answer](core::Result<void> const& result) { answer->end(result); }});
}

core::Job ChatModel::prepare(std::vector<language::Message>, core::Urgency) { return {}; }

}  // namespace parley::cloud::openai
