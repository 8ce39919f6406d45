#pragma once
// What is far away, made from its configuration, behind the interfaces that calls know.
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/services_config.hpp"
#include "cloud/volcengine/dialogue/dialogue.hpp"
#include "core/result.hpp"
#include "language/embedder.hpp"
#include "language/model.hpp"
#include "language/role.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::net {
class Network;
}

namespace parley::app {

/// Made on the main thread, before the engines that use it, and destroyed after them. Thread-safe.
class Services {
 public:
  using Names = std::vector<std::string>;
  using Recogniser = std::shared_ptr<speech::Recogniser const>;
  using Model = std::shared_ptr<language::Model>;
  using Synthesiser = std::shared_ptr<speech::Synthesiser const>;
  struct Three {
    Recogniser recogniser;
    Model model;
    Synthesiser synthesiser;
  };

  /// Reads every key that `use` needs. Nothing is connected yet. Errors name the service.
  [[nodiscard]] static core::Result<std::unique_ptr<Services>> open(ServicesConfig const& config);
  ~Services();

  /// The services of a list as one, `local` where the list says so; an empty list is the configuration's own, and where that is
  /// empty too, `local` alone. The same list is the same one: who fails one call is not asked by the next. A service that is
  /// not in `use` is made when it is first asked for. A service that is a whole call is left out: see for_call.
  [[nodiscard]] core::Result<Recogniser> recogniser(Names const& list, Recogniser const& local);
  [[nodiscard]] core::Result<Model> model(Names const& list, Model const& local);
  [[nodiscard]] core::Result<Synthesiser> synthesiser(Names const& list, Synthesiser const& local,
                                                      std::map<std::string, std::string> const& house_voices);
  /// Those for one call of this role: the lists it names, the configuration's else. Where a service that hears, thinks and
  /// speaks in one session leads the lists, a session of this call's own, with the others behind it.
  /// `routed`: in place of the configuration's list of models; may be null.
  [[nodiscard]] core::Result<Three> for_call(language::Role const& role, Three const& local,
                                             std::map<std::string, std::string> const& house_voices,
                                             Model const& routed = nullptr);
  /// Of knowledge bases; null: the machine's own.
  [[nodiscard]] std::shared_ptr<language::Embedder> embedder();

  /// One of each kind by its name, for trying it alone; null when it is of another kind.
  [[nodiscard]] Recogniser recogniser_named(std::string const& name) const;
  [[nodiscard]] Model model_named(std::string const& name) const;
  [[nodiscard]] Synthesiser synthesiser_named(std::string const& name) const;
  [[nodiscard]] std::shared_ptr<language::Embedder> embedder_named(std::string const& name) const;
  [[nodiscard]] Model dialogue_named(std::string const& name);  ///< to be asked in writing

 private:
  explicit Services(ServicesConfig config);
  [[nodiscard]] core::Result<void> need(Names const& list);
  [[nodiscard]] Names without_whole_calls(Names const& list, Names const& own) const;
  [[nodiscard]] core::Result<void> make(std::string const& name, ServiceConfig const& service);

  ServicesConfig config_;
  std::unique_ptr<cloud::net::Network> network_;  // before everything that uses it
  mutable std::mutex mutex_;
  std::map<std::string, Recogniser> recognisers_;
  std::map<std::string, Model> models_;
  std::map<std::string, Synthesiser> synthesisers_;
  std::map<std::string, std::shared_ptr<language::Embedder>> embedders_;
  std::map<std::string, cloud::volcengine::dialogue::Options> dialogues_;  // each call opens its own
  std::map<Names, Recogniser> recogniser_lists_;
  std::map<Names, Model> model_lists_;
  std::map<Names, Synthesiser> synthesiser_lists_;
};

}  // namespace parley::app
