#pragma once
// A person on the phone who is a list of recordings: waits for the greeting, plays each recording as a microphone would deliver
// it, 20 ms at a time in real time, then listens until the answer has been heard.
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/speaker.hpp"
#include "conversation/call.hpp"

namespace parley::app {

struct CallerQuestion {
  std::string name;
  audio::Samples samples;  ///< 16 kHz
};

class RecordedCaller {
 public:
  struct Outcome {
    std::vector<std::string> unanswered;  ///< one sentence for each recording that got no answer
  };
  using Note = std::function<void(std::string const&)>;
  /// From the last voiced sample of a recording, as a microphone would have delivered it, to the first sample of the answer
  /// that can be heard: measured from the sound itself, not from what the call says of itself.
  using Gap = std::function<void(std::string const& recording, core::Duration gap)>;

  RecordedCaller(boost::asio::any_io_executor executor, std::vector<CallerQuestion> questions, Speaker& speaker, Note note,
                 Gap gap);

  /// Begins; `done` is called once, on the executor, when all has been said and heard.
  void start(std::shared_ptr<conversation::Call> call, bool expect_greeting, std::function<void(Outcome)> done);
  /// The call's news, on the executor.
  void on(conversation::Command const& news);

 private:
  enum class Phase { greeting, pause, talking, waiting, listening };
  void tick();
  void enter(Phase phase);
  void next_question();
  void hear(core::Instant now);
  void measure(core::Instant begins, audio::Samples const& samples);
  [[nodiscard]] std::string why_unanswered() const;

  boost::asio::steady_timer timer_;
  std::vector<CallerQuestion> questions_;
  Speaker& speaker_;
  Note note_;
  Gap gap_;
  std::shared_ptr<conversation::Call> call_;
  std::function<void(Outcome)> done_;
  Outcome outcome_;

  Phase phase_ = Phase::greeting;
  core::Instant started_{}, phase_began_{};
  std::int64_t sent_ = 0;                     // 16 kHz samples handed to the call since the start
  std::size_t question_ = 0;                  // the one being asked, or the next
  std::size_t position_ = 0;                  // in its samples
  std::optional<core::Instant> last_voiced_;  // of the recording that waits for its answer to be heard
  int replies_open_ = 0;
  bool answered_ = false;  // an answer has begun behind the recording's last voice
  bool speech_seen_ = false, words_seen_ = false, words_empty_ = false;
};

}  // namespace parley::app
