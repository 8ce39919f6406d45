#pragma once
// Engines of cardboard: a whole call without a model, for tests whose point is the protocol, the page or somebody's client.
// Everything is what it seems to be but the thinking: a voice is loud sound, its words depend on its pitch (see `sentences`),
// an answer repeats what was said, and a voice is a tone. All of it comes in pieces and takes time, as the real ones do.
#include <boost/asio/any_io_executor.hpp>

#include "conversation/call.hpp"

namespace parley::cardboard {

/// What is heard: a tone of `hz` (within 12 %) is this sentence. Any other sound is "hello".
struct Sentence {
  int hz;
  char const* words;
};
inline constexpr Sentence sentences[] = {
    {300, "你好，今天天气怎么样？"},        {400, "请讲一个很长的故事。"}, {530, "Tell me a long story."},
    {700, "What is the weather in Paris?"}, {930, "等一下，停。"},
};

/// `executor` must run on at least one thread for as long as the engines live.
[[nodiscard]] conversation::Engines engines(boost::asio::any_io_executor executor);

}  // namespace parley::cardboard
