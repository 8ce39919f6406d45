#pragma once
// Commands as lines of text, for tests and for telling whether a call that is lived through again is the same.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "conversation/command.hpp"

namespace parley::conversation {

/// One line with everything that matters of a command: two runs are the same when their lines are.
class CommandLine {
 public:
  std::string operator()(OpenUtterance const& c) const {
    return fmt::format("open {} from {}", c.utterance.value, c.from.ms());
  }
  std::string operator()(Transcribe const& c) const { return fmt::format("transcribe {}/{}", c.utterance.value, c.revision); }
  std::string operator()(PredictEnd const& c) const { return fmt::format("predict {}/{}", c.utterance.value, c.revision); }
  std::string operator()(PredictTextEnd const& c) const {
    return fmt::format("predict {}/{} from: {}", c.utterance.value, c.revision, lines(c.asked.messages));
  }
  std::string operator()(CloseUtterance const& c) const { return fmt::format("close {}", c.utterance.value); }
  std::string operator()(Generate const& c) const {
    return fmt::format("generate {}: {}", c.reply.value, lines(c.request.messages));
  }
  std::string operator()(Prepare const& c) const { return "prepare: " + lines(c.messages); }
  std::string operator()(Speak const& c) const {
    return fmt::format("speak {}/{} {} {}: {}", c.reply.value, c.clause, c.language, c.voice, c.text);
  }
  std::string operator()(Abandon const& c) const { return fmt::format("abandon {}", c.reply.value); }
  std::string operator()(SpeechStarted const& c) const { return fmt::format("started {} at {}", c.item, c.at.ms()); }
  std::string operator()(PlayHeld const&) const { return "held"; }
  std::string operator()(PlayResumed const&) const { return "resumed"; }
  std::string operator()(SpeechStopped const& c) const { return fmt::format("stopped {} at {}", c.item, c.at.ms()); }
  std::string operator()(TurnCommitted const& c) const { return fmt::format("committed {} after {}", c.item, c.previous); }
  std::string operator()(ItemNews const& c) const {
    return fmt::format("item {} {} after {}: {} ({} ms)", static_cast<int>(c.what), c.item.id, c.previous, c.item.text,
                       c.audio_end_ms);
  }
  std::string operator()(UserWordsGrew const& c) const { return fmt::format("grew {}: {}", c.item, c.delta); }
  std::string operator()(UserWords const& c) const {
    return fmt::format("words {}: {}", c.item, c.text ? *c.text : "error " + c.text.error().message);
  }
  std::string operator()(ReplyBegan const& c) const {
    return fmt::format("began {} {} {} after {}", c.reply.value, c.response, c.item, c.previous);
  }
  std::string operator()(ReplyText const& c) const { return fmt::format("text {}: {}", c.reply.value, c.delta); }
  std::string operator()(ReplyGrounds const& c) const {
    return fmt::format("grounds {}: {} sources, {} claims", c.reply.value, c.grounds.sources.size(), c.grounds.claims.size());
  }
  std::string operator()(ToolCallStarted const& c) const {
    return fmt::format("calls {} {} {} {} after {}", c.reply.value, c.item.id, c.item.call_id, c.item.name, c.previous);
  }
  std::string operator()(ToolCallDelta const& c) const { return fmt::format("arguments {}: {}", c.call_id, c.delta); }
  std::string operator()(ToolCallDone const& c) const {
    return fmt::format("called {} {} {}({})", c.reply.value, c.item.call_id, c.item.name, c.item.text);
  }
  std::string operator()(ReplySound const& c) const {
    return fmt::format("sound {} at {} + {}", c.reply.value, c.at.samples, c.samples->size());
  }
  std::string operator()(ReplyEnded const& c) const {
    return fmt::format("ended {} why {}: {} ({} ms)", c.reply.value, static_cast<int>(c.why), c.item.text, c.item.heard.ms());
  }
  std::string operator()(Refused const& c) const { return "refused " + c.code; }
  std::string operator()(Cleared const&) const { return "cleared"; }
  std::string operator()(CallOver const&) const { return "over"; }
  std::string operator()(IdleTimeout const& c) const { return "idle " + c.item; }
  std::string operator()(TurnMeasured const& c) const { return "measured " + measure::to_json(c.turn); }

 private:
  static std::string lines(std::vector<language::Message> const& messages) {
    std::string out;
    for (auto const& m : messages) out += fmt::format("[{}] {} ", language::name(m.speaker), m.text);
    return out;
  }
};

inline std::string to_line(Command const& command) { return std::visit(CommandLine{}, command); }

}  // namespace parley::conversation
