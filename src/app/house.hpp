#pragma once
// The wiring: every engine made once, behind the interfaces that calls know. Adding a vendor is one line in house.cpp.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "app/booked_engines.hpp"
#include "app/config.hpp"
#include "app/services.hpp"
#include "conversation/call.hpp"
#include "core/job.hpp"
#include "engine/arbiter.hpp"
#include "guard/guard.hpp"
#include "language/role.hpp"
#include "server/call_admission.hpp"

namespace parley::engine {
class Kokoro;
class OpenVino;
}  // namespace parley::engine
namespace parley::models {
class Store;
}

namespace parley::app {

class KnowledgeRoom;
class ModelShelf;

inline constexpr char const* speaking_model = "kokoro-82m";  ///< most of the voices

/// Owns the engines of one process. Made by `open`, on the main thread; its engines may be used from any thread afterwards.
class House {
 public:
  using Say = std::function<void(std::string const& what)>;  ///< told what is being loaded

  /// What a command needs: a transcript needs no language model.
  struct Parts {
    bool hearing = true, thinking = true, speaking = true;
  };

  /// Loads every model the configuration names. Errors name the model and how to get it. Nothing is warm yet.
  [[nodiscard]] static core::Result<std::unique_ptr<House>> open(Config const& config, Parts parts, Say const& say);
  ~House();

  /// Runs every engine once, measures voices that never were, and reads the instructions of every role, so that the first
  /// caller waits for nothing.
  [[nodiscard]] core::Result<void> warm(Say const& say);

  /// See app/voice_measuring.hpp.
  [[nodiscard]] core::Result<void> measure_voice(std::string const& voice, Say const& say) const;

  [[nodiscard]] conversation::Engines const& engines() const { return engines_; }
  [[nodiscard]] Config const& config() const { return config_; }
  [[nodiscard]] language::Roles const& roles() const { return roles_; }
  /// The local language model under one of the configuration's adapters, behind the guard; null: there is none of this name.
  [[nodiscard]] std::shared_ptr<language::Model> adapted(std::string const& adapter) const;
  /// Where the configuration's further language models are; null when it names none.
  [[nodiscard]] ModelShelf* shelf() const { return shelf_.get(); }
  /// One of these by its name, behind the guard; null: there is none.
  [[nodiscard]] std::shared_ptr<language::Model> further(std::string const& name) const;
  /// What everything that people and models say passes; null when it is switched off.
  [[nodiscard]] std::shared_ptr<guard::Guard const> const& guard() const { return guard_; }
  /// For one call of this role: the services it names in place of the house's, a language model that searches its knowledge
  /// before it answers and that says so when it cannot answer. What is done far away is written into the caller's ledger, what
  /// the gate finds is counted under the caller's key.
  [[nodiscard]] core::Result<conversation::Engines> engines_for(language::Role const& role, Caller const& caller = {}) const;
  /// A model that searches `bases` before it answers, and whose sentences are checked: off, flag, soften, replace.
  [[nodiscard]] std::shared_ptr<language::Model> grounded(std::shared_ptr<language::Model> model,
                                                          std::vector<std::string> bases, std::string const& check) const;
  [[nodiscard]] KnowledgeRoom& knowledge() const { return *knowledge_; }
  [[nodiscard]] engine::Arbiter const& arbiter() const { return *arbiter_; }
  /// What a turn takes of the machine, as far as warming has shown.
  [[nodiscard]] server::CallAdmission::Needs const& needs() const { return needs_; }
  /// Prometheus text of the rules of `routing`; empty without them.
  [[nodiscard]] std::string routing_metrics() const;
  /// How the local language model was loaded: its precision, and tokens of one request. Empty when it is far away.
  struct Thinking {
    std::string precision;
    int context_tokens = 0;
  };
  [[nodiscard]] Thinking const& thinking() const { return thinking_; }
  /// Runs `step` in turn with other heavy work, behind all calls, until it says false or the job is dropped.
  [[nodiscard]] core::Job in_turns(std::function<bool()> step) const;

 private:
  explicit House(Config config);
  [[nodiscard]] core::Result<void> open_hearing(models::Store const& store, bool recognises);
  [[nodiscard]] core::Result<void> open_thinking(models::Store const& store, Say const& say);
  [[nodiscard]] core::Result<void> open_speaking(models::Store const& store);
  [[nodiscard]] core::Result<void> open_routing();
  void open_shelf();
  [[nodiscard]] core::Result<void> open_guard();
  [[nodiscard]] core::Result<conversation::Engines> engines_of(language::Role const& role) const;
  [[nodiscard]] conversation::Engines guarded(conversation::Engines engines) const;
  [[nodiscard]] bool needs_local(std::vector<std::string> UseConfig::* use,
                                 std::vector<std::string> language::Role::* wish) const;
  [[nodiscard]] core::Result<void> warm_voice(std::string const& language, std::string const& voice) const;
  [[nodiscard]] core::Result<void> warm_hearing() const;
  [[nodiscard]] core::Result<void> warm_roles() const;
  [[nodiscard]] server::CallAdmission::Seconds cost_of(std::function<core::Result<void>()> const& work,
                                                       core::Result<void>& done) const;
  [[nodiscard]] double voice_activity_share() const;

  Config config_;
  server::CallAdmission::Needs needs_;
  language::Roles roles_;
  std::shared_ptr<guard::Guard const> guard_;
  Thinking thinking_;
  std::shared_ptr<cloud::RoutedModel> routed_;  ///< null: nothing is routed
  std::unique_ptr<Services> services_;          // first: what is far away is used by the engines
  std::unique_ptr<engine::OpenVino> openvino_;
  std::shared_ptr<engine::Kokoro const> kokoro_;  ///< one of local_'s voices
  conversation::Engines local_;                   ///< those of this machine; what is warmed
  conversation::Engines engines_;                 ///< those that calls use
  std::map<std::string, std::shared_ptr<language::Model>> adapted_;
  std::unique_ptr<engine::Arbiter> arbiter_;  // it stops before the engines that its work uses are gone,
  std::unique_ptr<KnowledgeRoom> knowledge_;  // and its users before it,
  std::unique_ptr<ModelShelf> shelf_;         // as he who loads models for it
};

}  // namespace parley::app
