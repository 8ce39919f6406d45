#pragma once
// What is far away, made from its configuration, behind the interfaces that calls know.
#include <map>
#include <memory>
#include <string>

#include "app/services_config.hpp"
#include "core/result.hpp"
#include "language/model.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"

namespace parley::cloud::net {
class Network;
}

namespace parley::app {

/// Made on the main thread, before the engines that use it, and destroyed after them.
class Services {
 public:
  /// Reads every key that is named and used. Nothing is connected yet. Errors name the service.
  [[nodiscard]] static core::Result<std::unique_ptr<Services>> open(ServicesConfig const& config);
  ~Services();

  /// The list of the configuration as one; `local` where the list says so, and alone when there is no list.
  [[nodiscard]] std::shared_ptr<speech::Recogniser const> recogniser(std::shared_ptr<speech::Recogniser const> local) const;
  [[nodiscard]] std::shared_ptr<language::Model> model(std::shared_ptr<language::Model> local) const;
  [[nodiscard]] std::shared_ptr<speech::Synthesiser const> synthesiser(
      std::shared_ptr<speech::Synthesiser const> local, std::map<std::string, std::string> const& house_voices) const;

  /// One of each kind by its name, for trying it alone; null when it is of another kind.
  [[nodiscard]] std::shared_ptr<speech::Recogniser const> recogniser_named(std::string const& name) const;
  [[nodiscard]] std::shared_ptr<language::Model> model_named(std::string const& name) const;
  [[nodiscard]] std::shared_ptr<speech::Synthesiser const> synthesiser_named(std::string const& name) const;

 private:
  explicit Services(ServicesConfig config);
  [[nodiscard]] core::Result<void> make(std::string const& name, ServiceConfig const& service);

  ServicesConfig config_;
  std::unique_ptr<cloud::net::Network> network_;  // before everything that uses it
  std::map<std::string, std::shared_ptr<speech::Recogniser const>> recognisers_;
  std::map<std::string, std::shared_ptr<language::Model>> models_;
  std::map<std::string, std::shared_ptr<speech::Synthesiser const>> synthesisers_;
};

}  // namespace parley::app
