#include "app/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <sstream>

#include "core/file.hpp"
#include "core/suggest.hpp"
#include "models/store.hpp"

namespace parley::app {
namespace {

using core::Code;

struct Mistake {
  YAML::Mark mark;
  std::string sentence;
};

using Readers = std::vector<std::pair<std::string, std::function<void(YAML::Node const&)>>>;

/// Hands every entry of the map to the reader of its key.
void read(YAML::Node const& map, std::string const& where, Readers const& readers) {
  if (!map.IsMap()) throw Mistake{map.Mark(), where + " must hold keys and values"};
  std::vector<std::string> known;
  for (auto const& reader : readers) known.push_back(reader.first);
  for (auto const& entry : map) {
    auto const key = entry.first.as<std::string>();
    auto const reader = std::ranges::find(readers, key, &Readers::value_type::first);
    if (reader == readers.end()) {
      auto const near = core::suggest(key, known);
      throw Mistake{entry.first.Mark(), fmt::format("{} has no key '{}'; {}", where, key,
                                                    near.empty() ? fmt::format("it may have {}", fmt::join(known, ", "))
                                                                 : fmt::format("did you mean '{}'?", near))};
    }
    reader->second(entry.second);
  }
}

auto text(std::string& out) {
  return [&out](YAML::Node const& node) {
    if (!node.IsScalar()) throw Mistake{node.Mark(), "this must be a text"};
    out = node.as<std::string>();
  };
}

auto texts(std::vector<std::string>& out) {
  return [&out](YAML::Node const& node) {
    if (!node.IsSequence()) throw Mistake{node.Mark(), "this must be a list"};
    for (auto const& each : node) text(out.emplace_back())(each);
  };
}

template <class T>
auto number(T& out, long low, long high) {
  return [&out, low, high](YAML::Node const& node) {
    long value = 0;
    if (!YAML::convert<long>::decode(node, value) || value < low || value > high) {
      throw Mistake{node.Mark(), fmt::format("this must be a whole number from {} to {}", low, high)};
    }
    out = static_cast<T>(value);
  };
}

auto flag(bool& out) {
  return [&out](YAML::Node const& node) {
    if (!YAML::convert<bool>::decode(node, out)) throw Mistake{node.Mark(), "this must be true or false"};
  };
}

auto amount(double& out) {
  return [&out](YAML::Node const& node) {
    if (!YAML::convert<double>::decode(node, out) || !(out >= 0) || out > 1e12) {
      throw Mistake{node.Mark(), "this must be a number, 0 or more"};
    }
  };
}

/// name: {file: path, scale: 1}; a path is meant from the folder of the configuration.
auto adapters(std::vector<AdapterConfig>& out, std::string const& file) {
  return [&out, folder = std::filesystem::path(file).parent_path()](YAML::Node const& all) {
    if (!all.IsMap()) throw Mistake{all.Mark(), "'adapters' must hold names, each with a 'file'"};
    for (auto const& entry : all) {
      AdapterConfig adapter;
      adapter.name = entry.first.as<std::string>();
      if (adapter.name.empty() || adapter.name == "default") {
        throw Mistake{entry.first.Mark(), "an adapter needs a name of its own, by which requests choose it"};
      }
      std::string path;
      read(entry.second, fmt::format("the adapter '{}'", adapter.name),
           {{"file", text(path)}, {"scale", amount(adapter.scale)}});
      if (path.empty()) throw Mistake{entry.second.Mark(), fmt::format("the adapter '{}' needs a 'file'", adapter.name)};
      adapter.file = (folder / path).lexically_normal();
      out.push_back(std::move(adapter));
    }
  };
}

}  // namespace

core::Result<Config> parse_config(std::string const& yaml, std::string const& file) {
  try {
    Config config;
    YAML::Node const root = YAML::Load(yaml);
    if (root.IsNull()) return config;
    read(root, "the configuration",
         {{"server",
           [&](YAML::Node const& server) {
             read(server, "'server'",
                  {{"host", text(config.host)},
                   {"port", number(config.port, 0, 65535)},
                   {"keys_from", text(config.keys_from)},
                   {"keys_file", text(config.keys_file)},
                   {"calls", number(config.calls, 1, 100000)},
                   {"drain_s", number(config.drain_s, 0, 3600)}});
           }},
          {"token_prices",
           [&](YAML::Node const& prices) {
             read(prices, "'token_prices'", {{"input", amount(config.input_price)}, {"output", amount(config.output_price)}});
           }},
          {"role", text(config.role)},
          {"voices",
           [&](YAML::Node const& voices) {
             read(voices, "'voices'", {{"zh", text(config.voices["zh"])}, {"en", text(config.voices["en"])}});
           }},
          {"models",
           [&](YAML::Node const& models) {
             read(models, "'models'",
                  {{"llm", text(config.llm)},
                   {"more", texts(config.more_models)},
                   {"lookup", flag(config.lookup)},
                   {"asr", text(config.asr)},
                   {"voice_activity", text(config.voice_activity)},
                   {"end_of_turn", text(config.end_of_turn)}});
           }},
          {"adapters", adapters(config.adapters, file)},
          {"text",
           [&](YAML::Node const& serving) {
             read(serving, "'text'",
                  {{"longest_wait_s", amount(config.longest_wait_s)}, {"slowdown", amount(config.slowdown)}});
           }},
          {"guard", text(config.guard)},
          {"prices", text(config.prices)},
          {"services", [](YAML::Node const&) {}},  // both read below: they know of each other
          {"use", [](YAML::Node const&) {}},
          {"routing", [](YAML::Node const&) {}},
          {"log", text(config.log)}});
    config.services = read_services(root);
    config.routing = read_routing(root, config.services);
    return config;
  } catch (Mistake const& mistake) {
    return core::fail(Code::invalid, fmt::format("line {}: {}", mistake.mark.line + 1, mistake.sentence), file);
  } catch (ConfigMistake const& mistake) {
    return core::fail(Code::invalid, fmt::format("line {}: {}", mistake.line, mistake.sentence), file);
  } catch (YAML::Exception const& error) {
    return core::fail(Code::invalid, fmt::format("line {}: this is no YAML: {}", error.mark.line + 1, error.msg), file);
  }
}

core::Result<Config> load_config(std::filesystem::path const& path) {
  auto const text = core::file_bytes(path);
  if (!text) return core::fail(Code::not_found, "there is no such configuration file, or it may not be read", path.string());
  return parse_config(*text, path.string());
}

std::vector<std::string> keys_of(Config const& config) {
  std::vector<std::string> keys;
  char const* value = std::getenv(config.keys_from.c_str());
  std::istringstream in(value == nullptr ? "" : value);
  for (std::string key; std::getline(in, key, ',');) {
    std::erase(key, ' ');
    if (!key.empty()) keys.push_back(key);
  }
  return keys;
}

std::filesystem::path keys_file_of(Config const& config) {
  return config.keys_file.empty() ? models::home_directory() / "keys.json" : std::filesystem::path(config.keys_file);
}

std::filesystem::path share_folder() {
  char const* named = std::getenv("PARLEY_SHARE");
  return named != nullptr && *named != '\0' ? named : PARLEY_SHARE_DIR;
}

}  // namespace parley::app
