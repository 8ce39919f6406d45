#include "app/grounded_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <ranges>
#include <stop_token>

#include "core/log.hpp"
#include "core/utf8.hpp"

namespace parley::app {
namespace {

// A local model reads some 150 tokens a second on two cores, and somebody waits: few passages, and not all of a long one.
constexpr std::size_t most_passages = 2;
constexpr std::size_t most_code_points = 500;

std::string beginning(std::string const& text, std::size_t points) {
  auto const all = core::decode_utf8(text);
  return all.size() <= points ? text : core::encode_utf8(std::u32string_view(all).substr(0, points)) + "…";
}

/// One answer on its way: first the search, then the model. Whoever gives it up gives up the one that is under way.
struct Asked {
  std::mutex mutex;
  bool given_up = false;
  core::Job searching;
  core::Job answering;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;

  void give_up() {
    std::lock_guard const lock(mutex);
    given_up = true;
    searching.cancel();
    answering.cancel();
  }
};

}  // namespace

std::string with_passages(std::string const& question, std::vector<knowledge::Passage> const& passages) {
  bool const chinese = core::guess_language(question) == "zh";
  std::string out = chinese ? "资料：\n" : "Passages:\n";
  for (std::size_t i = 0; i < passages.size(); ++i) {
    out += fmt::format("[{}] {}\n", i + 1, beginning(passages[i].text, most_code_points / passages.size()));
  }
  return out +
         (chinese ? "只根据上面的资料简短回答，在末尾标出用到的编号；资料里没有就说不知道。\n问题："
                  : "Answer briefly from these passages only and end with the number of the one you used; if it is not in "
                    "them, say that you do not know.\nQuestion: ") +
         question;
}

GroundedModel::GroundedModel(std::shared_ptr<language::Model> inner, KnowledgeRoom& room, std::vector<std::string> bases)
    : inner_(std::move(inner)), room_(room), bases_(std::move(bases)) {}

std::string GroundedModel::name() const { return inner_->name(); }

core::Job GroundedModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  return inner_->prepare(std::move(messages), urgency);
}

core::Job GroundedModel::generate(language::GenerateRequest request, Sink sink) {
  auto const last =
      std::ranges::find(request.messages | std::views::reverse, language::Speaker::user, &language::Message::speaker);
  auto const question = last == request.messages.rend() ? std::string() : last->text;
  bool const asks =
      question.find_first_not_of(" \t\r\n") != std::string::npos && request.messages.back().speaker == language::Speaker::user;
  if (!asks) return inner_->generate(std::move(request), std::move(sink));

  auto const asked = std::make_shared<Asked>();
  std::stop_source stop;
  asked->on_stop.emplace(stop.get_token(), [weak = std::weak_ptr(asked)] {
    if (auto const alive = weak.lock()) alive->give_up();
  });
  auto const urgency = request.urgency;
  // The model's sink keeps `asked`, and with it the job of the answer, for as long as there is something to tell.
  auto tell = [asked, sink = std::move(sink)](language::Piece piece) { sink(std::move(piece)); };
  auto answer = [asked, inner = inner_, request = std::make_shared<language::GenerateRequest>(std::move(request)),
                 tell = std::move(tell), question](core::Result<std::vector<knowledge::Passage>> const& found) {
    if (!found) spdlog::warn("knowledge was not searched: {}", core::describe(found.error()));
    if (found && !found->empty()) request->messages.back().text = with_passages(question, *found);
    std::lock_guard const lock(asked->mutex);
    if (!asked->given_up) asked->answering = inner->generate(std::move(*request), tell);
  };
  knowledge::SearchOptions options;
  options.count = most_passages;
  auto searching = room_.search(bases_, question, options, urgency, std::move(answer));
  std::lock_guard const lock(asked->mutex);
  asked->searching = std::move(searching);
  return core::Job(stop);
}

}  // namespace parley::app
