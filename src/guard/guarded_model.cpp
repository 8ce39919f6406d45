#include "guard/guarded_model.hpp"

#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <stop_token>

namespace parley::guard {
namespace {

using language::Delta;
using language::Finish;
using language::FinishReason;
using language::Piece;
using language::Speaker;

/// One answer on its way out. Lives as long as the model's sink; pieces come one after the other.
class GuardedAnswer {
 public:
  GuardedAnswer(std::shared_ptr<Guard const> const& guard, std::unique_ptr<Vault> vault, std::string client,
                language::Model::Sink sink, std::stop_token stop)
      : guard_(guard),
        client_(std::move(client)),
        vault_(std::move(vault)),
        restorer_(*vault_),
        gate_(open()),
        sink_(std::move(sink)),
        on_stop_(std::move(stop), Cancel{*this}) {}

  void on(Piece piece) {
    if (over_) return;
    if (auto const* began = std::get_if<language::ToolCallBegan>(&piece)) {
      finish_call();
      if (over_) return;
      call_.emplace(open(), Restorer(*vault_, Restorer::Into::json), began->id);
      sink_(std::move(piece));
    } else if (auto const* arguments = std::get_if<language::ToolCallArguments>(&piece)) {
      if (call_ && call_->id == arguments->id) pass_arguments(call_->gate.push(arguments->delta), false);
    } else if (auto* delta = std::get_if<Delta>(&piece)) {
      scores_.insert(scores_.end(), std::make_move_iterator(delta->tokens.begin()),
                     std::make_move_iterator(delta->tokens.end()));
      pass(gate_.push(delta->text), {});
    } else if (auto const* finish = std::get_if<Finish>(&piece)) {
      pass(gate_.finish(), finish->usage, true);
      if (!over_) finish_call();
      if (!over_) end(*finish);
    } else {
      pass(gate_.finish(), {}, true);  // what was clean of an answer that broke off is part of it
      if (!over_) end(std::move(piece));
    }
  }

  /// The model's own work, to be stopped when the answer is refused.
  void keep(core::Job job) {
    std::unique_lock lock(mutex_);
    if (!stopped_) {
      job_ = std::move(job);
      return;
    }
    lock.unlock();
    job.cancel();
  }

 private:
  Gate open() const { return guard_->open(Direction::out, {.client = client_}); }

  struct Cancel {
    GuardedAnswer& answer;
    void operator()() const { answer.stop(); }
  };

  /// The arguments of the call that is being written; they have a gate of their own.
  struct Call {
    Call(Gate g, Restorer r, std::string i) : gate(std::move(g)), restorer(std::move(r)), id(std::move(i)) {}
    Gate gate;
    Restorer restorer;
    std::string id;
  };

  void pass_arguments(std::string const& released, bool last) {
    if (call_->gate.refused()) return refuse(call_->gate.refusal(), {});
    auto text = call_->restorer.push(released);
    if (last) text += call_->restorer.finish();
    if (!text.empty()) sink_(language::ToolCallArguments{call_->id, std::move(text)});
  }

  void finish_call() {
    if (!call_) return;
    pass_arguments(call_->gate.finish(), true);
    call_.reset();
  }

  void refuse(std::string sentence, language::Usage const& usage) {
    sink_(Delta{restorer_.finish() + std::move(sentence)});
    end(Finish{FinishReason::content_filter, usage});
    stop();
  }

  void pass(std::string const& released, language::Usage const& usage, bool last = false) {
    if (gate_.refused()) return refuse(released, usage);
    auto text = restorer_.push(released);
    if (last) text += restorer_.finish();
    if (text.empty()) return;
    auto scores = scores_of(text);
    sink_(Delta{std::move(text), std::move(scores)});
  }

  /// Of the tokens that are wholly out with `text`. Where it is no longer what the model wrote, nothing is said of its tokens
  /// any more: they would tell what the gate has taken out.
  std::vector<language::TokenScore> scores_of(std::string_view text) {
    std::vector<language::TokenScore> whole;
    if (scores_.empty()) return whole;
    unscored_ += text;
    while (!scores_.empty()) {
      std::string_view const token = scores_.front().chosen.bytes;
      if (!unscored_.starts_with(token)) {
        if (!token.starts_with(unscored_)) scores_.clear();
        break;
      }
      unscored_.erase(0, token.size());
      whole.push_back(std::move(scores_.front()));
      scores_.pop_front();
    }
    if (scores_.empty()) unscored_.clear();
    return whole;
  }

  void end(Piece piece) {
    over_ = true;
    sink_(std::move(piece));
  }

  void stop() {
    core::Job job;
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      job = std::move(job_);
    }
    job.cancel();
  }

  std::shared_ptr<Guard const> guard_;
  std::string client_;
  std::unique_ptr<Vault> vault_;
  Restorer restorer_;
  Gate gate_;
  std::optional<Call> call_;
  std::deque<language::TokenScore> scores_;  ///< of tokens that are not wholly out
  std::string unscored_;                     ///< what is out of the first of them
  language::Model::Sink sink_;
  bool over_ = false;
  std::mutex mutex_;
  core::Job job_;
  bool stopped_ = false;
  std::stop_callback<Cancel> on_stop_;  // last: it may be called as soon as it is made
};

}  // namespace

CheckedMessages check_messages(Guard const& guard, std::vector<language::Message> messages, Vault& vault,
                               std::string const& client, bool ahead) {
  CheckedMessages checked;
  auto last = messages.size();
  std::size_t fresh = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].speaker == Speaker::user) last = i;
    if (messages[i].speaker == Speaker::assistant) fresh = i + 1;
  }
  if (ahead) fresh = messages.size();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto& message = messages[i];
    if (message.speaker == Speaker::system) continue;
    // What was refused when it was new stays in the conversation as a label; what was answered may hold restored values.
    auto const direction = message.speaker == Speaker::tool ? Direction::context : Direction::in;
    GateOptions options{.vault = &vault, .refusals_are_masks = i != last, .client = client, .counted = i >= fresh};
    auto one = guard.check(direction, message.text, options);
    if (one.refused && i == last) checked.refusal = one.released;
    message.text = std::move(one.released);
    for (auto& call : message.calls) {
      options.refusals_are_masks = true;
      call.arguments = guard.check(direction, call.arguments, options).released;
    }
  }
  checked.messages = std::move(messages);
  return checked;
}

core::Job GuardedModel::generate(language::GenerateRequest request, Sink sink) {
  auto vault = std::make_unique<Vault>();
  auto checked = check_messages(*guard_, std::move(request.messages), *vault, request.client);
  if (!checked.refusal.empty()) {
    sink(Delta{std::move(checked.refusal)});
    sink(Finish{FinishReason::content_filter, {}});
    return {};
  }
  request.messages = std::move(checked.messages);
  std::stop_source source;
  auto const answer =
      std::make_shared<GuardedAnswer>(guard_, std::move(vault), request.client, std::move(sink), source.get_token());
  answer->keep(inner_->generate(std::move(request), [answer](Piece piece) { answer->on(std::move(piece)); }));
  return core::Job(std::move(source));
}

core::Job GuardedModel::prepare(std::vector<language::Message> messages, core::Urgency urgency) {
  Vault vault;
  auto checked = check_messages(*guard_, std::move(messages), vault, {}, true);
  if (!checked.refusal.empty()) return {};
  return inner_->prepare(std::move(checked.messages), urgency);
}

core::Job GuardedModel::read_ahead(language::GenerateRequest request) {
  Vault vault;
  auto checked = check_messages(*guard_, std::move(request.messages), vault, {}, true);
  if (!checked.refusal.empty()) return {};
  request.messages = std::move(checked.messages);
  return inner_->read_ahead(std::move(request));
}

}  // namespace parley::guard
