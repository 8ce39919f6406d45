#include "app/sound_card.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <portaudio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace parley::app {
namespace {

using core::Code;
using core::Result;

/// ALSA writes pages of complaints to standard error when there is no card; PortAudio offers no way to tell it not to.
class QuietErrors {
 public:
  QuietErrors() : saved_(dup(STDERR_FILENO)) {
    int const nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
      dup2(nowhere, STDERR_FILENO);
      ::close(nowhere);
    }
  }
  ~QuietErrors() {
    if (saved_ >= 0) {
      dup2(saved_, STDERR_FILENO);
      ::close(saved_);
    }
  }
  QuietErrors(QuietErrors const&) = delete;
  QuietErrors& operator=(QuietErrors const&) = delete;

 private:
  int saved_;
};

class PortAudio {
 public:
  PortAudio() {
    QuietErrors const quiet;
    error_ = Pa_Initialize();
  }
  ~PortAudio() {
    if (error_ == paNoError) Pa_Terminate();
  }
  PortAudio(PortAudio const&) = delete;
  PortAudio& operator=(PortAudio const&) = delete;
  [[nodiscard]] PaError error() const { return error_; }

 private:
  PaError error_;
};

struct Close {
  void operator()(PaStream* stream) const noexcept { Pa_CloseStream(stream); }
};
using Stream = std::unique_ptr<PaStream, Close>;

constexpr std::size_t mic_block = audio::heard_hz / 50;
constexpr std::size_t speaker_block = audio::spoken_hz / 50;

class Card final : public SoundCard {
 public:
  Card(std::unique_ptr<PortAudio> library, Stream microphone, Stream loudspeaker)
      : library_(std::move(library)), microphone_(std::move(microphone)), loudspeaker_(std::move(loudspeaker)) {}
  ~Card() override { stop(); }

  void start(std::function<void(std::span<float const>)> microphone) override {
    Pa_StartStream(microphone_.get());
    Pa_StartStream(loudspeaker_.get());
    listening_ = std::jthread([this, microphone = std::move(microphone)](std::stop_token stopping) {
      std::array<float, mic_block> block{};
      while (!stopping.stop_requested()) {
        PaError const error = Pa_ReadStream(microphone_.get(), block.data(), block.size());
        if (error != paNoError && error != paInputOverflowed) return;
        microphone(block);
      }
    });
    playing_ = std::jthread([this](std::stop_token stopping) { play(stopping); });
  }

  void stop() override {
    for (auto* thread : {&listening_, &playing_}) {
      thread->request_stop();
      if (thread->joinable()) thread->join();
    }
  }

  void on(conversation::Command const& news) override {
    std::lock_guard const lock(mutex_);
    if (auto const* sound = std::get_if<conversation::ReplySound>(&news)) {
      waiting_.insert(waiting_.end(), sound->samples->begin(), sound->samples->end());
    } else if (auto const* ended = std::get_if<conversation::ReplyEnded>(&news);
               ended != nullptr && ended->why == conversation::ReplyEnded::Why::turn_detected) {
      fall_silent();
    } else if (auto const* item = std::get_if<conversation::ItemNews>(&news);
               item != nullptr && item->what == conversation::ItemNews::What::truncated) {
      fall_silent();
    } else if (std::holds_alternative<conversation::PlayHeld>(news)) {
      held_ = true;
    } else if (std::holds_alternative<conversation::PlayResumed>(news)) {
      held_ = false;
    }
  }

  audio::Samples const& heard() const override { return heard_; }

 private:
  void fall_silent() {
    waiting_.clear();
    held_ = false;
  }

  void play(std::stop_token const& stopping) {
    std::array<float, speaker_block> block{};
    while (!stopping.stop_requested()) {
      block.fill(0.0F);
      {
        std::lock_guard const lock(mutex_);
        auto const n = held_ ? 0 : static_cast<std::ptrdiff_t>(std::min(block.size(), waiting_.size()));
        std::copy_n(waiting_.begin(), n, block.begin());
        heard_.insert(heard_.end(), waiting_.begin(), waiting_.begin() + n);
        waiting_.erase(waiting_.begin(), waiting_.begin() + n);
      }
      PaError const error = Pa_WriteStream(loudspeaker_.get(), block.data(), block.size());  // blocks: the card is the clock
      if (error != paNoError && error != paOutputUnderflowed) return;
    }
  }

  std::unique_ptr<PortAudio> library_;
  Stream microphone_, loudspeaker_;
  std::mutex mutex_;
  std::deque<float> waiting_;
  bool held_ = false;
  audio::Samples heard_;
  std::jthread listening_, playing_;
};

Result<Stream> open_stream(int inputs, int outputs, int rate_hz, std::size_t block) {
  PaStream* stream = nullptr;
  PaError const error = Pa_OpenDefaultStream(&stream, inputs, outputs, paFloat32, rate_hz, block, nullptr, nullptr);
  if (error != paNoError) {
    return core::fail(Code::unavailable, fmt::format("the {} does not open: {}", inputs > 0 ? "microphone" : "loudspeaker",
                                                     Pa_GetErrorText(error)));
  }
  return Stream(stream);
}

}  // namespace

Result<std::unique_ptr<SoundCard>> SoundCard::open() {
  auto library = std::make_unique<PortAudio>();
  if (library->error() != paNoError)
    return core::fail(Code::unavailable, "the sound system does not start; give a recording: parley call question.wav");
  if (Pa_GetDefaultInputDevice() == paNoDevice || Pa_GetDefaultOutputDevice() == paNoDevice) {
    return core::fail(Code::unavailable,
                      "this machine has no microphone and loudspeaker; give a recording: parley call question.wav");
  }
  auto microphone = open_stream(1, 0, audio::heard_hz, mic_block);
  if (!microphone) return std::unexpected(microphone.error());
  auto loudspeaker = open_stream(0, 1, audio::spoken_hz, speaker_block);
  if (!loudspeaker) return std::unexpected(loudspeaker.error());
  return std::make_unique<Card>(std::move(library), std::move(*microphone), std::move(*loudspeaker));
}

}  // namespace parley::app
