#pragma once
// The driver: carries sound and wishes into a Conversation and its commands out to the engines. All thinking is in
// conversation.hpp; here are only the wires.
//
//   auto call = Call::open(io, engines, settings, [](Command const& news) { … });
//   call->hear(samples);                    // 16 kHz, any size, as they come
//   call->tell(ReplyAsked{});
//
// Threads: every member may be called from any thread; the listener is called on the call's own strand, in order, and may call
// back. `close` (or destroying the last pointer) ends it: the listener is never called after `close` has returned on the
// strand. The executor's context has to outlive the engines' work: stop the engines, or wait for them, before it goes.
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <span>

#include "conversation/command.hpp"
#include "conversation/event.hpp"
#include "language/model.hpp"
#include "language/text_end.hpp"
#include "speech/end_of_turn.hpp"
#include "speech/recogniser.hpp"
#include "speech/synthesiser.hpp"
#include "speech/voice_activity.hpp"

namespace parley::conversation {

class CallRecorder;

struct Engines {
  std::shared_ptr<speech::VoiceActivityDetector const> voice_activity;
  std::shared_ptr<speech::EndOfTurnDetector const> end_of_turn;
  std::shared_ptr<speech::Recogniser const> recogniser;
  std::shared_ptr<language::Model> model;
  std::shared_ptr<speech::Synthesiser const> synthesiser;
  std::shared_ptr<language::TextEndDetector const> text_end =
      nullptr;  ///< may be absent: then the text's last words are judged
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  using Listener = std::function<void(Command const&)>;  ///< news only; what is for the engines never gets here

  /// `recorder`: writes the whole call down (recording.hpp); absent: nothing is kept.
  [[nodiscard]] static core::Result<std::shared_ptr<Call>> open(boost::asio::any_io_executor executor, Engines engines,
                                                                Settings settings, Listener listener,
                                                                std::shared_ptr<CallRecorder> recorder = nullptr);
  virtual ~Call() = default;

  virtual void hear(std::span<float const> samples) = 0;
  virtual void tell(Event event) = 0;
  virtual void close() = 0;
};

}  // namespace parley::conversation
