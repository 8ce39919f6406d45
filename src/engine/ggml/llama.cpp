#include "engine/ggml/llama.hpp"

#include <algorithm>
#include <utility>

#include "core/ids.hpp"
#include "core/log.hpp"
#include "engine/ggml/llama_scheduler.hpp"
#include "language/json_grammar.hpp"
#include "language/tool_grammar.hpp"
#include "language/tool_text.hpp"

namespace parley::engine {
namespace {

using language::Message;
using language::Speaker;

constexpr int most_alternatives = 20;

/// Tokens of the context that an answer may count on.
std::size_t room_to_answer(int max_tokens, int context) {
  return static_cast<std::size_t>(std::clamp(max_tokens, 1, std::max(1, context / 4)));
}

std::unexpected<core::Error> too_long(std::size_t size, std::size_t limit) {
  return core::fail(
      core::Code::too_large,
      "the prompt has " + std::to_string(size) + " tokens and the model takes " + std::to_string(limit) + "; shorten it",
      "messages");
}

core::Result<LlamaWeights::Tokens> raw_prompt(LlamaWeights const& weights, std::vector<Message> const& messages,
                                              std::size_t limit) {
  if (messages.size() != 1) return core::fail(core::Code::invalid, "a raw prompt is exactly one message", "messages");
  auto tokens = weights.plain(messages.front().text);
  if (tokens.size() > limit) return too_long(tokens.size(), limit);
  return tokens;
}

/// The prompt, without its oldest turns when it is longer than `limit`. They go in groups of eight messages, so that the
/// beginning stays the same for some turns and need not be read again after each.
core::Result<LlamaWeights::Tokens> fitting_prompt(LlamaWeights const& weights, std::vector<Message> messages,
                                                  LlamaWeights::Ending ending, std::size_t limit, bool may_shorten) {
  constexpr std::ptrdiff_t group = 8;
  if (messages.empty()) return core::fail(core::Code::invalid, "there is no message to answer", "messages");
  auto const first = std::ranges::find_if(messages, [](Message const& m) { return m.speaker != Speaker::system; });
  auto const kept = first - messages.begin();
  for (;;) {
    auto tokens = weights.chat(messages, ending);
    if (!tokens || tokens->size() <= limit) return tokens;
    auto const turns = static_cast<std::ptrdiff_t>(messages.size()) - kept;
    if (turns <= 1 || !may_shorten) return too_long(tokens->size(), limit);
    auto const from = messages.begin() + kept;
    auto until = from + std::min(group, turns - 1);
    while (until + 1 != messages.end() && until->speaker != Speaker::user) ++until;  // an answer without its question misleads
    messages.erase(from, until);
  }
}

/// What the answer must obey: a schema, or the form of a call when one was demanded. Empty when it may say anything.
core::Result<LlamaSampler> grammar_of(language::GenerateRequest const& asked, LlamaWeights const& weights) {
  if (asked.unfinished) return LlamaSampler();  // no answer
  bool const must_call = asked.tool_choice.kind == language::ToolChoice::Kind::required ||
                         asked.tool_choice.kind == language::ToolChoice::Kind::named;
  if (!must_call && asked.sampling.json_schema.empty()) return LlamaSampler();
  auto const rules = must_call ? language::tool_call_grammar(asked.tools, asked.tool_choice)
                               : language::json_grammar(asked.sampling.json_schema, false);
  if (!rules) return std::unexpected(rules.error());
  auto grammar = make_grammar(*rules, weights);
  if (!grammar) return core::fail(core::Code::invalid, "the JSON schema is too complicated for this model", "schema");
  return grammar;
}

/// Reads the calls in the answer back out of its text.
void read_calls(language::GenerateRequest& request, language::Model::Sink& sink) {
  if (request.unfinished || request.tools.empty() || request.tool_choice.kind == language::ToolChoice::Kind::none) return;
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
  auto adapters = LlamaAdapters::load(*weights, options.adapters);
  if (!adapters) return std::unexpected(adapters.error());
  auto context =
      LlamaContext::open(*weights, *std::move(adapters), options, options.threads > 0 ? options.threads : arbiter.cores());
  if (!context) return std::unexpected(context.error());
  return std::shared_ptr<Llama>(new Llama(std::make_shared<LlamaScheduler>(*weights, std::move(*context), options, arbiter)));
}

std::string Llama::name() const { return scheduler_->weights().name(); }

core::Result<std::unique_ptr<LlamaRequest>> Llama::understand(language::GenerateRequest& asked) const {
  auto const& weights = scheduler_->weights();
  auto const& sampling = asked.sampling;
  auto const context = static_cast<std::size_t>(scheduler_->options().context_tokens);
  std::size_t const limit = context - room_to_answer(sampling.max_tokens, scheduler_->options().context_tokens);
  auto const adapter = scheduler_->adapters().find(asked.adapter);
  if (!adapter) return std::unexpected(adapter.error());
  auto grammar = grammar_of(asked, weights);
  if (!grammar) return std::unexpected(grammar.error());
  asked.messages = language::with_tools_in_words(std::move(asked.messages), asked.tools, asked.tool_choice);
  auto const ending = asked.unfinished ? LlamaWeights::Ending::open : LlamaWeights::Ending::answer;
  auto prompt = asked.raw ? raw_prompt(weights, asked.messages, limit)
                          : fitting_prompt(weights, std::move(asked.messages), ending, limit, asked.may_shorten);
  if (!prompt) return std::unexpected(prompt.error());
  auto request = std::make_unique<LlamaRequest>(std::move(*prompt), asked.urgency);
  request->max_tokens = std::min(context - request->prompt_size, static_cast<std::size_t>(std::max(sampling.max_tokens, 1)));
  request->room = request->prompt_size + request->max_tokens;
  request->adapter = *adapter;
  request->sampler = make_sampler(sampling, weights.vocabulary());
  request->shortlist = shortlist_of(sampling);
  request->grammar = std::move(*grammar);
  request->alternatives = std::min(sampling.alternatives, most_alternatives);
  request->gate = TextGate(sampling.stop);
  request->client = std::move(asked.client);
  request->came = core::Clock::now();
  return request;
}

core::Job Llama::generate(language::GenerateRequest request, Sink sink) {
  core::Error error;
  auto understood = understand(request);
  read_calls(request, sink);
  if (understood) {
    (*understood)->sink = sink;
    core::Job handle((*understood)->stop);
    auto submitted = scheduler_->submit(std::move(*understood));
    if (submitted) return handle;
    error = submitted.error();
  } else {
    error = understood.error();
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
  return read(std::move(messages), request.adapter, request.urgency);
}

core::Job Llama::prepare(std::vector<Message> messages, core::Urgency urgency) {
  return read(std::move(messages), {}, urgency);
}

core::Job Llama::read(std::vector<Message> messages, std::string const& name, core::Urgency urgency) {
  auto const adapter = scheduler_->adapters().find(name);
  if (!adapter) return {};
  auto const& options = scheduler_->options();
  std::size_t const limit = static_cast<std::size_t>(options.context_tokens) * 3 / 4;
  auto prompt = fitting_prompt(scheduler_->weights(), std::move(messages), LlamaWeights::Ending::closed, limit, true);
  if (!prompt || prompt->empty()) {
    if (!prompt) spdlog::debug("nothing was prepared: {}", prompt.error().message);
    return {};
  }
  auto request = std::make_unique<LlamaRequest>(std::move(*prompt), urgency);
  request->adapter = *adapter;
  request->room = request->prompt_size;
  request->came = core::Clock::now();
  core::Job handle(request->stop);
  if (auto submitted = scheduler_->submit(std::move(request)); !submitted) {
    spdlog::debug("nothing was prepared: {}", submitted.error().message);
  }
  return handle;
}

}  // namespace parley::engine
