#include "server/text/text_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "server/keys/key_account.hpp"
#include "server/text/text_request.hpp"
#include "server/text/text_writer.hpp"

namespace parley::server {
namespace {

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double seconds_since(core::Instant then) { return std::chrono::duration<double>(core::Clock::now() - then).count(); }

/// What a request may come to, for the limits of its key: the prompt at three bytes a token, and all that may be written.
std::int64_t expected_prompt_tokens(TextRequest const& request) {
  std::int64_t bytes = 0;
  for (auto const& prompt : request.prompts) {
    for (auto const& message : prompt.messages) bytes += static_cast<std::int64_t>(message.text.size());
  }
  return bytes / 3 + 1;
}
std::int64_t expected_tokens(TextRequest const& request) {
  std::int64_t written = 0;
  for (auto const& prompt : request.prompts) written += std::int64_t{prompt.sampling.max_tokens} * request.n;
  return expected_prompt_tokens(request) + written;
}

constexpr std::size_t bytes_of_token = 5;  // in either language, about

double now_s() { return std::chrono::duration<double>(core::Clock::now().time_since_epoch()).count(); }

/// A request that was taken, for as long as it is answered. From one thread at a time.
class Admitted {
 public:
  Admitted(std::shared_ptr<AdmissionDesk> desk, Admission::Ticket ticket) : desk_(std::move(desk)), ticket_(ticket) {}
  Admitted(Admitted const&) = delete;
  Admitted& operator=(Admitted const&) = delete;
  ~Admitted() {
    std::lock_guard const lock(desk_->mutex);
    desk_->rule.leave(ticket_, now_s());
  }
  void token() {
    std::lock_guard const lock(desk_->mutex);
    desk_->rule.token(ticket_, now_s());
  }

 private:
  std::shared_ptr<AdmissionDesk> desk_;
  Admission::Ticket ticket_;
};

core::Result<std::unique_ptr<Admitted>> admit(std::shared_ptr<AdmissionDesk> const& desk, TextRequest const& request,
                                              std::string const& client) {
  if (!desk) return nullptr;
  int const tokens = request.choices() == 1 ? request.prompts.front().sampling.max_tokens : 0;
  std::lock_guard const lock(desk->mutex);
  auto const ticket = desk->rule.arrive(client, tokens, now_s());
  if (ticket) return std::make_unique<Admitted>(desk, *ticket);
  return std::unexpected(core::Error{core::Code::busy,
                                     "too much is being asked of this server; come again later",
                                     {},
                                     std::chrono::milliseconds(static_cast<std::int64_t>(ticket.error() * 1000) + 1)});
}

/// One request while it is being answered. Owned by its connection: when the client goes, so do the jobs.
class TextWork : public std::enable_shared_from_this<TextWork> {
 public:
  TextWork(TextRequest request, std::shared_ptr<Answer> answer, std::shared_ptr<TextMetrics> metrics,
           std::unique_ptr<KeyAccount::TokenHold> hold, std::unique_ptr<Admitted> admitted)
      : request_(std::move(request)),
        writer_(request_, core::random_id(request_.shape == TextRequest::Shape::chat ? "chatcmpl-" : "cmpl-"), unix_now()),
        answer_(std::move(answer)),
        metrics_(std::move(metrics)),
        hold_(std::move(hold)),
        admitted_(std::move(admitted)),
        last_piece_(static_cast<std::size_t>(request_.choices())) {
    metrics_->began(request_.model);
  }
  ~TextWork() {
    if (over_) return;
    charge("abort");
    metrics_->ended(request_.model, "abort", seconds_since(began_), {});
  }
  TextWork(TextWork const&) = delete;
  TextWork& operator=(TextWork const&) = delete;

  void start(language::Model& model) {
    for (int i = 0; i < request_.choices(); ++i) {
      // A weak pointer: the model holds its sinks for a while after everybody has gone.
      core::Job job = model.generate(request_.choice(i), [weak = weak_from_this(), i](language::Piece piece) {
        if (auto const self = weak.lock()) self->take(i, std::move(piece));
      });
      std::lock_guard const lock(mutex_);
      if (over_) return;  // the job is dropped, and with it the rest
      jobs_.push_back(std::move(job));
    }
  }

 private:
  void take(int choice, language::Piece piece) {
    std::lock_guard const lock(mutex_);
    if (over_) return;
    if (auto const* error = std::get_if<core::Error>(&piece)) return fail(*error);
    auto const* const delta = std::get_if<language::Delta>(&piece);
    written_ += delta != nullptr ? std::max(1, static_cast<int>(delta->text.size() / bytes_of_token)) : 1;
    bool const written = !std::holds_alternative<language::Finish>(piece) && !std::holds_alternative<language::Grounds>(piece);
    if (admitted_ && written) admitted_->token();
    if (written) clock(last_piece_[static_cast<std::size_t>(choice)]);
    std::visit(
        [&](auto&& each) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(each)>, core::Error>) say(writer_.piece(choice, std::move(each)));
        },
        std::move(piece));
    if (!over_ && writer_.finished()) finish_all();
  }

  /// A piece of the choice has come, whose last one came at `last`.
  void clock(std::optional<core::Instant>& last) {
    if (last)
      metrics_->next_token(request_.model, seconds_since(*last));
    else
      metrics_->first_token(request_.model, seconds_since(began_));
    last = core::Clock::now();
  }

  void say(std::string bytes) {
    if (!request_.stream) return;
    if (!begun_) {
      begun_ = true;
      answer_->begin({200, writer_.begin() + bytes, "text/event-stream", {{"Cache-Control", "no-cache"}}});
    } else if (!bytes.empty() && !answer_->write(std::move(bytes))) {
      close("abort");
    }
  }

  void finish_all() {
    auto const answer = close(writer_.reason());
    if (request_.stream) {
      answer->write(writer_.end(latency_ms()));
      answer->end();
    } else {
      answer->reply(writer_.whole(latency_ms()));
    }
  }

  void fail(core::Error const& error) {
    auto const answer = close("error");
    if (begun_) {
      answer->write(TextWriter::error(error));
      answer->end();
    } else {
      answer->reply(text_error_reply(error, request_.shape == TextRequest::Shape::chat));
    }
  }

  /// Who leaves early pays for what was written so far, a token a piece or by its length, and for the prompt.
  void charge(std::string const& how) {
    if (!hold_) return;
    auto usage = writer_.usage();
    if (how == "abort") usage = {static_cast<int>(expected_prompt_tokens(request_)), 0, written_};
    if (how == "error" && !begun_) usage = {};
    hold_->settle(usage.prompt_tokens, usage.completion_tokens);
  }

  /// All is counted before the last word is said: who has heard it may ask at once what is left, or come again.
  std::shared_ptr<Answer> close(std::string const& how) {
    over_ = true;
    charge(how);
    metrics_->ended(request_.model, how, seconds_since(began_), writer_.usage());
    jobs_.clear();
    admitted_.reset();
    return std::move(answer_);
  }

  [[nodiscard]] std::int64_t latency_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(core::Clock::now() - began_).count();
  }

  std::mutex mutex_;
  TextRequest const request_;
  TextWriter writer_;
  std::shared_ptr<Answer> answer_;
  std::shared_ptr<TextMetrics> metrics_;
  std::unique_ptr<KeyAccount::TokenHold> hold_;           ///< null: no key
  std::unique_ptr<Admitted> admitted_;                    ///< null: everybody is
  int written_ = 0;                                       ///< tokens, about: a service may send several as one piece
  std::vector<std::optional<core::Instant>> last_piece_;  ///< of each choice
  std::vector<core::Job> jobs_;
  core::Instant const began_ = core::Clock::now();
  bool begun_ = false, over_ = false;
};

std::string sustainable(AdmissionDesk* desk) {
  if (desk == nullptr) return {};
  std::lock_guard const lock(desk->mutex);
  return fmt::format(
      "# HELP parley_text_sustainable_requests_per_second What can be answered within the limits of admission, as measured.\n"
      "# TYPE parley_text_sustainable_requests_per_second gauge\nparley_text_sustainable_requests_per_second {:.3f}\n",
      desk->rule.sustainable_rate());
}

HttpRoutes::LaterHandler handler(TextHooks hooks, ReadText (*read)(std::string_view)) {
  return [hooks = std::move(hooks), read](HttpRequest asked, std::shared_ptr<Answer> answer) -> HttpRoutes::Work {
    auto request = read(asked.body);
    if (!request) {
      answer->reply(error_reply(400, request.error()));
      return nullptr;
    }
    auto model = hooks.find_model(request->model);
    if (!model) {
      answer->reply(model_error_reply(model.error()));
      return nullptr;
    }
    if (auto const look_up = request->look_up) {
      model = hooks.look_up ? hooks.look_up(*model, *look_up)
                            : core::fail(core::Code::invalid, "Nothing can be looked up here.", "parley");
      if (!model) {
        answer->reply(error_reply(model.error()));
        return nullptr;
      }
    }
    for (auto& prompt : request->prompts) prompt.client = asked.key;
    std::unique_ptr<KeyAccount::TokenHold> hold;
    if (asked.account) {
      auto held = asked.account->hold_tokens(expected_tokens(*request));
      if (!held) {
        answer->reply(refusal_reply(held.error()));
        return nullptr;
      }
      hold = *std::move(held);
    }
    auto admitted = admit(hooks.admission, *request, asked.key);
    if (!admitted) {
      hooks.metrics->refused(request->model);
      answer->reply(error_reply(admitted.error()));
      return nullptr;
    }
    auto work = std::make_shared<TextWork>(*std::move(request), std::move(answer), hooks.metrics, std::move(hold),
                                           *std::move(admitted));
    work->start(**model);
    return work;
  };
}

}  // namespace

HttpReply text_error_reply(core::Error error, bool chat) {
  if (error.subject == "messages" && !chat) error.subject = "prompt";
  if (error.subject.starts_with("schema")) error.subject = "response_format.json_schema." + error.subject;
  if (error.code == core::Code::too_large) {
    return error_reply(400, {"context_length_exceeded", error.message, error.subject, {}});
  }
  return error_reply(error);
}

ProtocolError not_an_object() {
  return {"invalid_json", "The body must be one JSON object in UTF-8, at most 64 levels deep.", {}, {}};
}

HttpReply model_error_reply(core::Error const& error) {
  if (error.code != core::Code::not_found) return error_reply(error);
  return error_reply(404, {"model_not_found", error.message, "model", {}});
}

void add_text_routes(HttpRoutes& routes, TextHooks hooks) {
  HttpRoutes::Rule const rule{.needs_key = true, .needs_ready = true};
  auto const metrics = [kept = hooks.metrics, more = hooks.more_metrics, desk = hooks.admission](HttpRequest const&) {
    return HttpReply{
        200, kept->text() + sustainable(desk.get()) + (more ? more() : ""), "text/plain; version=0.0.4; charset=utf-8", {}};
  };
  routes.add("GET", "/metrics", metrics, {.needs_key = true});
  routes.add_later("POST", "/v1/chat/completions", handler(hooks, read_chat), rule);
  routes.add_later("POST", "/v1/completions", handler(hooks, read_completion), rule);
  routes.add_later("POST", "/generate", handler(std::move(hooks), read_generate), rule);
}

}  // namespace parley::server
