#include "app/house.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <numbers>

#include "app/grounded_model.hpp"
#include "app/knowledge_base.hpp"
#include "app/knowledge_room.hpp"
#include "app/language_model.hpp"
#include "app/model_shelf.hpp"
#include "app/voice_measuring.hpp"
#include "audio/format.hpp"
#include "cloud/resilience/apologetic_model.hpp"
#include "core/log.hpp"
#include "engine/available_memory.hpp"
#include "engine/espeak_voice.hpp"
#include "engine/ggml/whisper.hpp"
#include "engine/kokoro_voice.hpp"
#include "engine/kokoro_whole_voice.hpp"
#include "engine/openvino/piper.hpp"
#include "engine/openvino/runtime.hpp"
#include "engine/openvino/silero.hpp"
#include "engine/openvino/smart_turn.hpp"
#include "engine/phonemes/espeak.hpp"
#include "guard/guarded_model.hpp"
#include "guard/guarded_recogniser.hpp"
#include "language/adapted_model.hpp"
#include "language/filler_model.hpp"
#include "language/text_end.hpp"
#include "models/store.hpp"
#include "speech/voices.hpp"

namespace parley::app {
namespace {

using core::Result;

constexpr char const* english_voices = "piper-en-us-joe-medium";
constexpr char const* chinese_lexicon = "mandarin-lexicon";
constexpr std::uint64_t kept_for_the_rest = std::uint64_t{600} << 20;  // voices, and working memory of all that is loaded

/// The libraries under the engines die where memory ends, and nothing can be caught then: so it is asked before the first is
/// loaded, by the catalog's figures. The language model makes do with what is left.
Result<void> check_room(models::Catalog const& catalog, std::vector<std::string> const& models) {
  std::uint64_t needed = 0;
  for (auto const& id : models) {
    if (auto const* model = catalog.find(id)) needed += model->memory_mb << 20;
  }
  auto const memory = engine::available_memory();
  if (memory.usable() >= needed) return {};
  return core::fail(
      core::Code::unavailable,
      fmt::format("hearing and speaking need about {} MiB and {} MiB may be used (limit: {}); see `parley models list`",
                  needed >> 20, memory.usable() >> 20, memory.limit));
}

/// Two seconds of a hummed tone: sound enough for a recogniser to do its work on.
audio::Samples hum() {
  audio::Samples samples(audio::heard_hz * 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = 0.1F * static_cast<float>(std::sin(2 * std::numbers::pi * 180 * static_cast<double>(i) / audio::heard_hz));
  }
  return samples;
}

}  // namespace

House::House(Config config) : config_(std::move(config)), roles_(share_folder() / "roles") {}
House::~House() = default;

Result<conversation::Engines> House::engines_for(language::Role const& role, Caller const& caller) const {
  auto engines = engines_of(role);
  if (!engines) return engines;
  if (!role.knowledge.empty() && engines->model) {
    engines->model = grounded(engines->model, role.knowledge, role.grounding);
  }
  if (!role.while_tools_run.empty() && engines->model) {
    engines->model = std::make_shared<language::FillerModel>(engines->model, role.while_tools_run);
  }
  if (!config_.services.services.empty()) engines->model = std::make_shared<cloud::ApologeticModel>(engines->model);
  if (caller.ledger || !caller.client.empty()) *engines = booked(*std::move(engines), caller);
  return engines;
}

std::shared_ptr<language::Model> House::grounded(std::shared_ptr<language::Model> model, std::vector<std::string> bases,
                                                 std::string const& check) const {
  Grounding grounding{std::move(bases), guard::on_unsupported_named(check).value_or(guard::OnUnsupported::flag), guard_};
  return std::make_shared<GroundedModel>(std::move(model), *knowledge_, std::move(grounding));
}

/// The house's, or those of the services that the role names.
Result<conversation::Engines> House::engines_of(language::Role const& role) const {
  auto three = services_->for_call(role, {local_.recogniser, local_.model, local_.synthesiser}, config_.voices, routed_);
  if (!three) return std::unexpected(three.error());
  auto engines = local_;
  engines.recogniser = std::move(three->recogniser);
  engines.model = std::move(three->model);
  engines.synthesiser = std::move(three->synthesiser);
  return guarded(std::move(engines));
}

/// Whether the house, or any of its roles, is served by this machine itself.
bool House::needs_local(std::vector<std::string> UseConfig::* use, std::vector<std::string> language::Role::* wish) const {
  if (ServicesConfig::local(config_.services.use.*use)) return true;
  for (auto const& id : roles_.ids()) {
    if (auto const role = roles_.load(id); role && std::ranges::find((*role).*wish, "local") != ((*role).*wish).end())
      return true;
  }
  return false;
}

core::Job House::in_turns(std::function<bool()> step) const {
  return arbiter_->submit(core::Urgency::text, [step = std::move(step)](std::stop_token const& stop) {
    return !stop.stop_requested() && step() ? engine::Step::again : engine::Step::done;
  });
}

Result<std::unique_ptr<House>> House::open(Config const& config, Parts parts, Say const& say) {
  auto store = models::open_store(share_folder());
  if (!store) return std::unexpected(store.error());
  std::unique_ptr<House> house(new House(config));
  auto services = Services::open(config.services);
  if (!services) return std::unexpected(services.error());
  house->services_ = *std::move(services);
  std::vector<std::string> needed;
  bool const recognises = parts.hearing && house->needs_local(&UseConfig::recogniser, &language::Role::recogniser);
  bool const speaks = parts.speaking && house->needs_local(&UseConfig::synthesiser, &language::Role::synthesiser);
  if (parts.hearing) needed.insert(needed.end(), {config.voice_activity, config.end_of_turn});
  if (recognises) needed.push_back(config.asr);
  if (speaks) needed.insert(needed.end(), {speaking_model, english_voices, chinese_lexicon});
  if (auto room = check_room(store->catalog(), needed); !room) return std::unexpected(room.error());
  house->openvino_ = std::make_unique<engine::OpenVino>(models::home_directory() / "compiled");
  house->arbiter_ = std::make_unique<engine::Arbiter>();
  house->knowledge_ = std::make_unique<KnowledgeRoom>(
      [arbiter = house->arbiter_.get(), far = house->services_->embedder()]() -> Result<std::shared_ptr<language::Embedder>> {
        if (far) return far;
        return open_embedder(*arbiter);
      });
  if (parts.hearing) {
    say("loading: voice activity, end of turn, speech recognition");
    if (auto done = house->open_hearing(*store, recognises); !done) return std::unexpected(done.error());
  }
  if (parts.thinking && (!config.adapters.empty() || house->needs_local(&UseConfig::model, &language::Role::model))) {
    say(fmt::format("loading: language model {}", config.llm));
    if (auto done = house->open_thinking(*store, say); !done) return std::unexpected(done.error());
  }
  if (speaks) {
    say("loading: voices");
    if (auto done = house->open_speaking(*store); !done) return std::unexpected(done.error());
  }
  auto const& local = house->local_;
  house->engines_ = local;
  auto const take = [](auto& where, auto made) -> Result<void> {
    if (!made) return std::unexpected(made.error());
    where = *std::move(made);
    return {};
  };
  auto& engines = house->engines_;
  auto& far = *house->services_;
  Result<void> done;
  if (parts.hearing) done = take(engines.recogniser, far.recogniser({}, local.recogniser));
  if (done && parts.thinking) done = house->open_routing();
  if (done && parts.speaking) done = take(engines.synthesiser, far.synthesiser({}, local.synthesiser, config.voices));
  if (done) done = house->open_guard();
  if (!done) return std::unexpected(done.error());
  if (local.model) {
    for (auto const& each : config.adapters) {
      conversation::Engines own;
      own.model = std::make_shared<language::AdaptedModel>(local.model, each.name);
      house->adapted_[each.name] = house->guarded(std::move(own)).model;
    }
  }
  if (parts.thinking) house->open_shelf();
  return house;
}

/// Who answers: the services of the house, or those that its rules choose.
Result<void> House::open_routing() {
  if (config_.routing.rules.empty()) {
    auto model = services_->model({}, local_.model);
    if (!model) return std::unexpected(model.error());
    engines_.model = *std::move(model);
    return {};
  }
  auto const prices = load_prices(share_folder() / "config" / config_.prices);
  if (!prices) return std::unexpected(prices.error());
  auto routed = make_routed(config_.routing, config_.services, *services_, local_.model, *prices);
  if (!routed) return std::unexpected(routed.error());
  routed_ = *routed;
  engines_.model = *std::move(routed);
  return {};
}

std::string House::routing_metrics() const { return routed_ ? routed_->metrics() : std::string(); }
void House::open_shelf() {
  if (config_.more_models.empty()) return;
  auto const load = [this](std::string const& name, ModelShelf::MakeRoom const& make_room) -> Result<ModelShelf::Model> {
    auto const file = find_gguf(name);
    if (!file) return std::unexpected(file.error());
    for (;;) {
      auto loaded = engine::load_within(*file, *arbiter_, {.lookup = config_.lookup}, engine::available_memory(), make_smaller);
      if (loaded) return loaded->model;
      if (loaded.error().subject != engine::short_of_memory || !make_room()) return std::unexpected(loaded.error());
    }
  };
  shelf_ = std::make_unique<ModelShelf>(config_.more_models, load);
}

std::shared_ptr<language::Model> House::further(std::string const& name) const {
  conversation::Engines own;
  own.model = shelf_ ? shelf_->find(name) : nullptr;
  return own.model ? guarded(std::move(own)).model : nullptr;
}

std::shared_ptr<language::Model> House::adapted(std::string const& adapter) const {
  auto const found = adapted_.find(adapter);
  return found == adapted_.end() ? nullptr : found->second;
}

/// Last, around what is there. Without its parts nothing is served: it fails closed.
Result<void> House::open_guard() {
  if (config_.guard == "off") return {};
  auto policy = guard::load_policy(share_folder() / "config" / config_.guard);
  if (!policy) return std::unexpected(policy.error());
  if (!policy->enabled) return {};
  auto guard = guard::Guard::compile(std::move(*policy));
  if (!guard) return std::unexpected(guard.error());
  guard_ = std::move(*guard);
  engines_ = guarded(std::move(engines_));
  return {};
}

conversation::Engines House::guarded(conversation::Engines engines) const {
  if (!guard_) return engines;
  if (engines.model) engines.model = std::make_shared<guard::GuardedModel>(engines.model, guard_);
  if (engines.recogniser && guard_->policy().mask_transcripts) {
    engines.recogniser = std::make_shared<guard::GuardedRecogniser const>(engines.recogniser, guard_);
  }
  return engines;
}

Result<void> House::open_hearing(models::Store const& store, bool recognises) {
  auto const silero_folder = store.require(config_.voice_activity);
  if (!silero_folder) return std::unexpected(silero_folder.error());
  auto silero = engine::Silero::load(*openvino_, *silero_folder / "silero_vad_openvino_16k.onnx");
  if (!silero) return std::unexpected(silero.error());
  local_.voice_activity = *silero;

  auto const turn_folder = store.require(config_.end_of_turn);
  if (!turn_folder) return std::unexpected(turn_folder.error());
  auto turn = engine::SmartTurn::load(*openvino_, *arbiter_, *turn_folder / "smart-turn-v3.2-cpu.onnx");
  if (!turn) return std::unexpected(turn.error());
  local_.end_of_turn = *turn;

  if (!recognises) return {};
  auto const whisper_folder = store.require(config_.asr);
  if (!whisper_folder) return std::unexpected(whisper_folder.error());
  auto whisper = engine::Whisper::load(*whisper_folder / "ggml-base.bin", *arbiter_);
  if (!whisper) return std::unexpected(whisper.error());
  local_.recogniser = *whisper;
  return {};
}

Result<void> House::open_thinking(models::Store const& store, Say const& say) {
  auto const folder = store.require(config_.llm);
  if (!folder) return std::unexpected(folder.error());
  auto memory = engine::available_memory();
  memory.bytes -= std::min(memory.bytes, kept_for_the_rest);
  engine::LlamaOptions options{.lookup = config_.lookup};
  for (auto const& each : config_.adapters) {
    options.adapters.push_back({each.name, each.file, static_cast<float>(each.scale)});
  }
  auto loaded = engine::load_within(*folder / "model.gguf", *arbiter_, std::move(options), memory, make_smaller);
  if (!loaded) return std::unexpected(loaded.error());
  local_.model = loaded->model;
  local_.text_end = std::make_shared<language::ModelTextEnd>(local_.model);
  thinking_ = {loaded->precision, loaded->context_tokens};
  auto const told = fmt::format("language model {}: {}, {} tokens of context, {} for all requests together", config_.llm,
                                loaded->precision, loaded->context_tokens, loaded->total_tokens);
  if (loaded->reduced)
    say(told + "; less than asked for, as memory is short");
  else
    spdlog::info("{}", told);
  return {};
}

Result<void> House::open_speaking(models::Store const& store) {
  auto const espeak = std::make_shared<engine::Espeak const>();
  auto voices = std::make_shared<speech::Voices>();
  voices->add("espeak", std::make_shared<engine::EspeakVoice>(*arbiter_));

  auto const piper_folder = store.require(english_voices);
  if (!piper_folder) return std::unexpected(piper_folder.error());
  auto piper =
      engine::Piper::load(*openvino_, *arbiter_, *piper_folder,
                          [espeak](std::string_view text, std::string const& voice) { return espeak->phonemes(text, voice); });
  if (!piper) return std::unexpected(piper.error());
  voices->add("piper", *piper);

  auto const lexicon = store.require(chinese_lexicon);
  if (!lexicon) return std::unexpected(lexicon.error());
  auto symbols = engine::KokoroSymbols::load(*lexicon, espeak);
  if (!symbols) return std::unexpected(symbols.error());
  auto const kokoro_folder = store.require(speaking_model);
  if (!kokoro_folder) return std::unexpected(kokoro_folder.error());
  auto kokoro = engine::Kokoro::load(*openvino_, *arbiter_, *kokoro_folder);
  if (!kokoro) return std::unexpected(kokoro.error());
  kokoro_ = *kokoro;
  voices->add("kokoro-whole", std::make_shared<engine::KokoroWholeVoice>(*arbiter_, *kokoro, *symbols));
  voices->add("kokoro", std::make_shared<engine::KokoroVoice>(*arbiter_, *kokoro, std::move(*symbols)));

  local_.synthesiser = std::move(voices);
  return {};
}

Result<void> House::warm(Say const& say) {
  server::CallAdmission::Seconds sentence{0}, listening{0}, reading{0};
  if (engines_.synthesiser) {
    say("warming: voices");
    for (auto const& [language, voice] : voices_in_use(config_, roles_)) {
      if (auto known = engines_.synthesiser->check(voice); !known) return known;
      if (!local_.synthesiser || !local_.synthesiser->check(voice)) continue;  // far away: paid for, and warm there
      if (auto measured = measure_voice(voice, say); !measured) return measured;
      Result<void> done;
      auto const cost = cost_of([&] { return warm_voice(language, voice); }, done);
      if (!done) return done;
      sentence = sentence.count() > 0 ? std::min(sentence, cost) : cost;
    }
  }
  if (local_.end_of_turn) {
    say("warming: hearing");
    Result<void> done;
    listening = cost_of([&] { return warm_hearing(); }, done);
    if (!done) return done;
    needs_.standing = voice_activity_share();
  }
  if (local_.model) {
    say("warming: roles");
    Result<void> done;
    reading = cost_of([&] { return warm_roles(); }, done) / static_cast<double>(std::max<std::size_t>(1, roles_.ids().size()));
    if (!done) return done;
  }
  needs_.turn = 2 * listening + reading + 2 * sentence;  // a pause in the middle and an end; an answer of two sentences
  return {};
}

Result<void> House::measure_voice(std::string const& voice, Say const& say) const {
  if (!kokoro_) return {};
  return app::measure_voice(*kokoro_, voice, say);
}

/// What of the cores some work takes.
server::CallAdmission::Seconds House::cost_of(std::function<Result<void>()> const& work, Result<void>& done) const {
  auto const before = arbiter_->load().busy;
  done = work();
  return arbiter_->load().busy - before;
}

/// The one stage that runs beside the arbiter.
double House::voice_activity_share() const {
  constexpr int frames = 30;
  if (!local_.voice_activity) return 0;
  auto const stream = local_.voice_activity->open();
  if (!stream) return 0;
  audio::Samples const quiet(speech::VoiceActivityStream::frame_samples, 0.0F);
  auto const began = core::Clock::now();
  for (int i = 0; i < frames; ++i) (void)(*stream)->push(quiet);
  std::chrono::duration<double> const took = core::Clock::now() - began;
  double const heard_s = frames * static_cast<double>(quiet.size()) / audio::heard_hz;
  return took.count() / heard_s / arbiter_->cores();
}

Result<void> House::warm_voice(std::string const& language, std::string const& voice) const {
  auto const finished = std::make_shared<std::promise<Result<void>>>();
  speech::SpeakRequest request{.text = language == "zh" ? "你好，很高兴认识你。" : "Hello, how are you today?",
                               .language = language,
                               .voice = voice,
                               .speed = 1.0F,
                               .urgency = core::Urgency::background};
  auto const job = local_.synthesiser->speak(std::move(request), [finished](Result<speech::SpokenBlock> block) {
    if (!block)
      finished->set_value(std::unexpected(block.error()));
    else if (block->last)
      finished->set_value({});
  });
  return finished->get_future().get();
}

Result<void> House::warm_hearing() const {
  auto const quiet = std::make_shared<audio::Samples const>(audio::heard_hz * 2, 0.0F);
  auto const end = std::make_shared<std::promise<Result<float>>>();
  auto const predicting = local_.end_of_turn->predict(quiet, [end](Result<float> p) { end->set_value(p); });
  if (auto const p = end->get_future().get(); !p) return std::unexpected(p.error());

  if (!local_.recogniser) return {};
  auto const heard = std::make_shared<std::promise<Result<speech::Transcript>>>();
  auto const utterance =
      local_.recogniser->open({}, [heard](Result<speech::Transcript> words) { heard->set_value(std::move(words)); });
  utterance->push(hum());
  utterance->transcribe(1, core::Urgency::background);
  if (auto const words = heard->get_future().get(); !words) return std::unexpected(words.error());
  return {};
}

Result<void> House::warm_roles() const {
  for (auto const& id : roles_.ids()) {
    auto const role = roles_.load(id);
    if (!role) continue;  // it is refused with its reason when somebody calls it
    for (auto const& base : role->knowledge) {
      if (auto opened = knowledge_->base(base, false); !opened) return std::unexpected(opened.error());
    }
    auto const read = std::make_shared<std::promise<Result<void>>>();
    language::GenerateRequest request;
    request.messages = {{language::Speaker::system, language::instructions(*role)}, {language::Speaker::user, "?"}};
    request.sampling.max_tokens = 1;
    request.urgency = core::Urgency::background;
    auto const job = local_.model->generate(std::move(request), [read](language::Piece const& piece) {
      if (auto const* error = std::get_if<core::Error>(&piece))
        read->set_value(std::unexpected(*error));
      else if (std::holds_alternative<language::Finish>(piece))
        read->set_value({});
    });
    if (auto done = read->get_future().get(); !done) return done;
  }
  return {};
}

}  // namespace parley::app
