#include "app/grounded_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <stop_token>

#include "core/log.hpp"
#include "core/utf8.hpp"

namespace parley::app {
namespace {

using language::Speaker;

// A local model reads some 150 tokens a second on two cores, and somebody waits: few passages, and not all of a long one.
constexpr std::size_t most_passages = 2;
constexpr std::size_t most_code_points = 500;

/// One search and what follows it. Whoever gives it up gives up the one that is under way.
class LookUp : public std::enable_shared_from_this<LookUp> {
 public:
  using Then = std::function<core::Job(std::vector<knowledge::Passage>)>;

  /// The job gives it up. Whoever wants it to go on keeps it: the search does until it is over, what follows it must.
  core::Job begin(KnowledgeRoom& room, std::vector<std::string> const& bases, std::string question, core::Urgency urgency,
                  Then then) {
    std::stop_source stop;
    on_stop_.emplace(stop.get_token(), [weak = weak_from_this()] {
      if (auto const alive = weak.lock()) alive->give_up();
    });
    knowledge::SearchOptions options;
    options.count = most_passages;
    keep(room.search(bases, std::move(question), options, urgency,
                     [self = shared_from_this(), then = std::move(then)](core::Result<std::vector<knowledge::Passage>> found) {
                       if (!found) spdlog::warn("knowledge was not searched: {}", core::describe(found.error()));
                       if (self->is_given_up()) return;
                       self->follow(then(found ? *std::move(found) : std::vector<knowledge::Passage>{}));
                     }));
    return core::Job(std::move(stop));
  }

 private:
  void keep(core::Job searching) {
    std::lock_guard const lock(mutex_);
    if (!given_up_) std::swap(searching_, searching);
  }
  void follow(core::Job following) {
    std::lock_guard const lock(mutex_);
    if (!given_up_) std::swap(following_, following);
  }
  bool is_given_up() {
    std::lock_guard const lock(mutex_);
    return given_up_;
  }
  /// What is cancelled may call back: never under the lock.
  void give_up() {
    core::Job searching, following;
    std::lock_guard const lock(mutex_);
    given_up_ = true;
    std::swap(searching_, searching);
    std::swap(following_, following);
  }

  std::mutex mutex_;
  bool given_up_ = false;
  core::Job searching_, following_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

/// An answer on its way through the check. Lives as long as the model's sink.
class CheckedAnswer {
 public:
  /// `scored`: whoever asked wants the tokens' scores too, and not only the check.
  CheckedAnswer(guard::AnswerCheck check, bool scored, language::Model::Sink sink)
      : check_(std::move(check)), scored_(scored), sink_(std::move(sink)) {}

  /// What it will stand on is told before its first word.
  void begin() {
    if (!check_.grounds().sources.empty()) sink_(check_.grounds());
  }

  void on(language::Piece piece) {
    if (auto* delta = std::get_if<language::Delta>(&piece)) {
      auto text = check_.push(delta->text, delta->tokens);
      if (text != delta->text || !scored_)
        delta->tokens.clear();  // they are the model's, and this is not any more what it wrote
      delta->text = std::move(text);
      if (!delta->text.empty()) sink_(std::move(piece));
      return;
    }
    auto const* finish = std::get_if<language::Finish>(&piece);
    if (finish != nullptr || std::holds_alternative<core::Error>(piece)) {
      bool const its_own = finish != nullptr && finish->reason != language::FinishReason::content_filter;
      if (auto rest = check_.finish(its_own); !rest.empty()) sink_(language::Delta{std::move(rest)});
      sink_(check_.grounds());
    }
    sink_(std::move(piece));
  }

 private:
  guard::AnswerCheck check_;
  bool scored_;
  language::Model::Sink sink_;
};

/// The user's last words when they are what has to be answered.
std::string question_of(std::vector<language::Message> const& messages) {
  if (messages.empty() || messages.back().speaker != Speaker::user) return {};
  auto const& text = messages.back().text;
  return text.find_first_not_of(" \t\r\n") == std::string::npos ? std::string() : text;
}

std::vector<std::string> what_was_said(std::vector<language::Message> const& messages) {
  std::vector<std::string> said;
  for (auto const& message : messages) {
    if (message.speaker != Speaker::assistant) said.push_back(message.text);
  }
  return said;
}

}  // namespace

struct GroundedModel::Ahead {
  std::mutex mutex;
  std::shared_ptr<LookUp> look_up;
  std::vector<language::Source> sources;

  /// The same sources in the order in which they have been read; else as they are.
  std::vector<language::Source> in_order(std::vector<language::Source> found) {
    std::lock_guard const lock(mutex);
    return std::ranges::is_permutation(found, sources) ? sources : found;
  }
};

std::vector<language::Source> sources_of(std::vector<knowledge::Passage> const& passages, guard::Guard const* guard) {
  std::vector<language::Source> sources;
  auto const share = most_code_points / std::max<std::size_t>(passages.size(), 1);
  for (auto const& one : passages) {
    language::Source source{one.path, one.title, one.text, one.begin, one.end, one.page};
    if (auto const all = core::decode_utf8(one.text); all.size() > share) {
      source.text = core::encode_utf8(std::u32string_view(all).substr(0, share)) + "…";
      source.end = std::min(one.end, one.begin + share);
    }
    if (guard != nullptr) {
      auto checked = guard->check(guard::Direction::context, source.text);
      if (checked.refused) continue;
      source.text = std::move(checked.released);
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

std::string with_sources(std::string const& question, std::vector<language::Source> const& sources) {
  bool const chinese = core::guess_language(question) == "zh";
  std::string out = chinese ? "资料：\n" : "Passages:\n";
  for (std::size_t i = 0; i < sources.size(); ++i) out += fmt::format("[{}] {}\n", i + 1, sources[i].text);
  return out +
         (chinese ? "只根据上面的资料简短回答，在末尾标出用到的编号；资料里没有就说不知道。\n问题："
                  : "Answer briefly from these passages only and end with the number of the one you used; if it is not in "
                    "them, say that you do not know.\nQuestion: ") +
         question;
}

GroundedModel::GroundedModel(std::shared_ptr<language::Model> inner, KnowledgeRoom& room, Grounding grounding)
    : ModelAround(std::move(inner)), room_(room), grounding_(std::move(grounding)), ahead_(std::make_shared<Ahead>()) {}

GroundedModel::~GroundedModel() = default;

core::Job GroundedModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  language::GenerateRequest request;
  request.messages = std::move(messages);
  request.urgency = urgency;
  return read_ahead(std::move(request));
}

core::Job GroundedModel::read_ahead(language::GenerateRequest request) {
  auto const question = question_of(request.messages);
  if (question.empty()) return inner_->read_ahead(std::move(request));
  auto const look_up = std::make_shared<LookUp>();
  {
    std::lock_guard const lock(ahead_->mutex);
    ahead_->look_up = look_up;  // the one before is over
  }
  auto const urgency = request.urgency;
  return look_up->begin(room_, grounding_.bases, question, urgency,
                        [inner = inner_, guard = grounding_.guard, weak = std::weak_ptr(ahead_), request = std::move(request),
                         question](std::vector<knowledge::Passage> const& found) mutable -> core::Job {
                          auto sources = sources_of(found, guard.get());
                          if (!sources.empty()) request.messages.back().text = with_sources(question, sources);
                          if (auto const ahead = weak.lock()) {
                            std::lock_guard const lock(ahead->mutex);
                            ahead->sources = std::move(sources);
                          }
                          return inner->read_ahead(std::move(request));
                        });
}

core::Job GroundedModel::generate(language::GenerateRequest request, Sink sink) {
  auto const question = question_of(request.messages);
  if (question.empty()) return inner_->generate(std::move(request), std::move(sink));
  auto const look_up = std::make_shared<LookUp>();
  auto const urgency = request.urgency;
  return look_up->begin(
      room_, grounding_.bases, question, urgency,
      [look_up = std::weak_ptr(look_up), inner = inner_, grounding = grounding_, ahead = ahead_, request = std::move(request),
       sink = std::move(sink), question](std::vector<knowledge::Passage> const& found) mutable -> core::Job {
        auto sources = ahead->in_order(sources_of(found, grounding.guard.get()));
        auto said = what_was_said(request.messages);
        if (!sources.empty()) request.messages.back().text = with_sources(question, sources);
        auto const unverified = grounding.guard ? grounding.guard->policy().unverified : guard::Policy{}.unverified;
        auto& alternatives = request.sampling.alternatives;
        auto const answer = std::make_shared<CheckedAnswer>(
            guard::AnswerCheck(grounding.check, std::move(sources), std::move(said), unverified), alternatives >= 0,
            std::move(sink));
        if (grounding.check != guard::OnUnsupported::off) alternatives = std::max(alternatives, 0);
        answer->begin();
        // The model's sink keeps the look-up, and with it the job of the answer, for as long as there is something to tell.
        return inner->generate(std::move(request),
                               [answer, kept = look_up.lock()](language::Piece piece) { answer->on(std::move(piece)); });
      });
}

}  // namespace parley::app
