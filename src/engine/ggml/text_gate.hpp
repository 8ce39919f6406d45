#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace parley::engine {

/// Lets a model's bytes out as whole characters, and holds back what may yet turn out to be the start of a stop string.
class TextGate {
 public:
  explicit TextGate(std::vector<std::string> stops);

  /// What may be shown after these bytes. Once a stop string is complete, what was before it and nothing any more.
  [[nodiscard]] std::string push(std::string_view bytes);
  /// The end of the text: what was held back, without an unfinished character.
  [[nodiscard]] std::string finish();
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace parley::engine
