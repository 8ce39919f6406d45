#pragma once
// Synthesis by one POST a clause, its sound as base64 in JSON objects that may be glued together or cut anywhere (document
// 6561/1598757). Connections are kept and used again; giving a clause up closes its own.
#include <map>
#include <string>

#include "cloud/net/http_client.hpp"
#include "cloud/volcengine/clause.hpp"

namespace parley::cloud::volcengine {

/// JSON objects cut out of a stream of bytes; what lies between them (line ends, the fields of server-sent events) is skipped.
class ObjectReader {
 public:
  static constexpr std::size_t most_bytes = std::size_t{4} << 20U;  ///< of one object
  /// The objects that are complete now. `too_large` when one never ends.
  [[nodiscard]] core::Result<std::vector<std::string>> push(std::string_view bytes);

 private:
  std::string object_;
  int depth_ = 0;
  bool in_text_ = false, escaped_ = false;
};

/// {"code":0,"data":"<base64>"}, {"code":20000000,…} at the end, or {"code":4…,"message":…}.
[[nodiscard]] Heard understand_object(std::string_view object);

class HttpSpeaking final : public Carrier {
 public:
  HttpSpeaking(net::Network& network, Synthesiser::Options wanted) : Carrier(network, std::move(wanted)), http_(network) {}

  void begin(ClauseAt const& clause) override;
  void stop(ClauseAt const& clause) override;
  void warm(std::string const& resource) override;
  void close() override;

 private:
  struct Exchange;
  void again(ClauseAt const& clause) override { ask(clause); }
  void ask(ClauseAt const& clause);
  void take(Exchange& exchange, std::string_view bytes);
  void end(Exchange& exchange, core::Result<void> const& result);

  net::HttpClient http_;
  std::map<ClauseAt, core::Job> under_way_;
};

}  // namespace parley::cloud::volcengine
