#include "engine/ggml/llama.hpp"

#include <algorithm>
#include <utility>

#include "core/ids.hpp"
#include "core/log.hpp"
#include "engine/ggml/llama_scheduler.hpp"
#include "language/tool_text.hpp"

namespace parley::engine {
namespace {

using language::Message;
using language::Speaker;

/// Tokens of the context that an answer may count on.
std::size_t room_to_answer(int max_tokens, int context) {
  return static_cast<std::size_t>(std::clamp(max_tokens, 1, std::max(1, context / 4)));
}

/// The prompt, without its oldest turns when it is longer than `limit`. They go in groups of eight messages, so that the
/// beginning stays the same for some turns and need not be read again after each.
core::Result<LlamaWeights::Tokens> fitting_prompt(LlamaWeights const& weights, std::vector<Message> messages, bool answer,
                                                  std::size_t limit) {
  constexpr std::ptrdiff_t group = 8;
  if (messages.empty()) return core::fail(core::Code::invalid, "there is no message to answer", "messages");
  auto const first = std::ranges::find_if(messages, [](Message const& m) { return m.speaker != Speaker::system; });
  auto const kept = first - messages.begin();
  for (;;) {
    auto tokens = weights.chat(messages, answer);
    if (!tokens || tokens->size() <= limit) return tokens;
    auto const turns = static_cast<std::ptrdiff_t>(messages.size()) - kept;
    if (turns <= 1) {
      return core::fail(core::Code::too_large,
                        "the prompt has " + std::to_string(tokens->size()) + " tokens and the model takes " +
                            std::to_string(limit) + "; shorten it",
                        "messages");
    }
    auto const from = messages.begin() + kept;
    auto until = from + std::min(group, turns - 1);
    while (until + 1 != messages.end() && until->speaker != Speaker::user) ++until;  // an answer without its question misleads
    messages.erase(from, until);
  }
}

/// Puts the tools into the prompt, and reads the calls in the answer back out of its text.
void put_tools_in_words(language::GenerateRequest& request, language::Model::Sink& sink) {
  request.messages = language::with_tools_in_words(std::move(request.messages), request.tools, request.tool_choice);
  if (request.tools.empty() || request.tool_choice.kind == language::ToolChoice::Kind::none) return;
  auto reader = std::make_shared<language::ToolCallReader>(std::move(request.tools), [] { return core::random_id("call_"); });
  sink = [reader, told = std::move(sink)](language::Piece piece) {
    for (auto& each : reader->push(std::move(piece))) told(std::move(each));
  };
}

}  // namespace

Llama::Llama(std::shared_ptr<LlamaScheduler> scheduler) : scheduler_(std::move(scheduler)) {}
Llama::~Llama() = default;

core::Result<std::shared_ptr<Llama>> Llama::load(std::filesystem::path const& model, Arbiter& arbiter, LlamaOptions options) {
  auto weights = LlamaWeights::load(model.string());
  if (!weights) return std::unexpected(weights.error());
  options.context_tokens = std::clamp(options.context_tokens, 64, std::max(64, (*weights)->trained_context()));
  options.sequences = std::clamp(options.sequences, 1, 64);
  options.kept = std::clamp(options.kept, 1, 64);
  options.total_tokens = std::max(options.total_tokens, options.context_tokens);
  auto context = LlamaContext::open(*weights, options, options.threads > 0 ? options.threads : arbiter.cores());
  if (!context) return std::unexpected(context.error());
  return std::shared_ptr<Llama>(new Llama(std::make_shared<LlamaScheduler>(*weights, std::move(*context), options, arbiter)));
}

std::string Llama::name() const { return scheduler_->weights().name(); }

core::Job Llama::generate(language::GenerateRequest request, Sink sink) {
  put_tools_in_words(request, sink);
  auto const& options = scheduler_->options();
  auto const context = static_cast<std::size_t>(options.context_tokens);
  std::size_t const room = room_to_answer(request.sampling.max_tokens, options.context_tokens);
  core::Error error;
  if (auto prompt = fitting_prompt(scheduler_->weights(), std::move(request.messages), true, context - room)) {
    auto job = std::make_unique<LlamaRequest>(std::move(*prompt), request.urgency);
    std::size_t const most = context - job->prompt_size;
    job->max_tokens = std::min(most, static_cast<std::size_t>(std::max(request.sampling.max_tokens, 1)));
    job->room = job->prompt_size + job->max_tokens;
    job->sampler = make_sampler(request.sampling, scheduler_->weights().vocabulary());
    job->gate = TextGate(std::move(request.sampling.stop));
    job->sink = sink;
    job->came = core::Clock::now();
    core::Job handle(job->stop);
    auto submitted = scheduler_->submit(std::move(job));
    if (submitted) return handle;
    error = submitted.error();
  } else {
    error = prompt.error();
  }
  // Told from the arbiter's thread like everything else: the caller may hold a lock that its sink takes.
  return scheduler_->arbiter().submit(request.urgency,
                                      [error = std::move(error), sink = std::move(sink)](std::stop_token stop) {
                                        if (!stop.stop_requested()) sink(error);
                                        return Step::done;
                                      });
}

core::Job Llama::read_ahead(language::GenerateRequest request) {
  auto messages = language::with_tools_in_words(std::move(request.messages), request.tools, request.tool_choice);
  return prepare(std::move(messages), request.urgency);
}

core::Job Llama::prepare(std::vector<Message> messages, core::Urgency urgency) {
  auto const& options = scheduler_->options();
  std::size_t const limit = static_cast<std::size_t>(options.context_tokens) * 3 / 4;
  auto prompt = fitting_prompt(scheduler_->weights(), std::move(messages), false, limit);
  if (!prompt || prompt->empty()) {
    if (!prompt) spdlog::debug("nothing was prepared: {}", prompt.error().message);
    return {};
  }
  auto request = std::make_unique<LlamaRequest>(std::move(*prompt), urgency);
  request->room = request->prompt_size;
  request->came = core::Clock::now();
  core::Job handle(request->stop);
  if (auto submitted = scheduler_->submit(std::move(request)); !submitted) {
    spdlog::debug("nothing was prepared: {}", submitted.error().message);
  }
  return handle;
}

}  // namespace parley::engine
