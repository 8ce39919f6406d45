#pragma once
// The names and numbers a conversation gives. From a seed, so that a call that is replayed gives the same ones.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.hpp"

namespace parley::conversation {

class Ids {
 public:
  explicit Ids(std::uint64_t seed) : state_(seed) {}

  /// prefix + 21 characters of [0-9A-Za-z], the shape of OpenAI's ids.
  [[nodiscard]] std::string name(std::string_view prefix);
  [[nodiscard]] core::ReplyId reply() { return {++replies_}; }
  [[nodiscard]] core::UtteranceId utterance() { return {++utterances_}; }

 private:
  std::uint64_t draw();

  std::uint64_t state_;
  std::uint64_t replies_ = 0;
  std::uint64_t utterances_ = 0;
};

}  // namespace parley::conversation
