#pragma once
// The three networks of Kokoro-82M (StyleTTS 2, arXiv:2306.07691, with an iSTFTNet vocoder, arXiv:2203.02395), as
// models/convert/kokoro.py cuts them: text to frames, and frames to sound over a whole clause or over a window of it.
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "audio/format.hpp"
#include "core/result.hpp"
#include "engine/openvino/kokoro_voice.hpp"
#include "engine/openvino/runtime.hpp"
#include "engine/openvino/windows.hpp"

namespace parley::engine {

/// What the vocoder normalises its channels by: the mean and the variance of each over a clause, for all layers in a row.
struct KokoroMoments {
  std::vector<float> mean;
  std::vector<float> variance;
};

/// Thread-safe: one inference at a time.
class KokoroNetworks {
 public:
  static constexpr int samples_per_frame = 300;  ///< 12.5 ms at 24 kHz
  static constexpr int frames_per_duration = 2;
  /// The first sound early, what follows with less context to pay for.
  static constexpr std::array window_frames{24, 36, 48};
  static constexpr int context = 5;  ///< further frames change no sample by more than -80 dB
  static constexpr std::size_t most_symbols = KokoroStyle::rows;

  /// `directory` holds {front,generator,statistics}.{xml,bin} and symbols.json. not_found or invalid with what to do.
  [[nodiscard]] static core::Result<std::shared_ptr<KokoroNetworks>> load(OpenVino const& openvino,
                                                                          std::filesystem::path const& directory, int threads);

  /// Changes when the weights do. Part of the name of whatever is computed from them.
  [[nodiscard]] std::string const& digest() const noexcept { return digest_; }

  /// Symbols as the model counts them; those it does not know are left out, as in its training.
  [[nodiscard]] std::vector<std::int64_t> tokens(std::u32string_view symbols) const;

  /// A clause ready for the vocoder.
  struct Clause {
    int frames = 0;
    std::vector<float> values;            // [512][frames]
    std::vector<float> spectrum;          // [22][60 · frames + 1]
    std::vector<std::int64_t> durations;  // of each token and of the silence at both ends, in 25 ms
    std::vector<float> style;             // [128]
  };
  /// 1 to `most_symbols` tokens; speed 1 is the voice's own.
  [[nodiscard]] core::Result<Clause> front(std::span<std::int64_t const> tokens, KokoroStyle const& style, float speed);

  struct Whole {
    audio::Samples samples;
    KokoroMoments moments;
  };
  /// The clause at once, normalised over itself: how the model was trained. Costs 0.3 of the time the sound lasts.
  [[nodiscard]] core::Result<Whole> whole(Clause const& clause);

  /// The lengths for a window after `done` frames. The shortest is for the first one only, and only on a machine on which its
  /// sound lasts until the next is made; the longest has to wait until there is sound enough to wait by.
  [[nodiscard]] std::span<int const> lengths(int done) const noexcept;

  /// The samples of frames [keep_begin, keep_end) of one window, its length one of `window_frames`, normalised by `moments`.
  [[nodiscard]] core::Result<audio::Samples> window(Clause const& clause, Window const& window, KokoroMoments const& moments);

 private:
  [[nodiscard]] core::Result<ov::InferRequest*> statistics();
  [[nodiscard]] core::Result<void> warm();  // the first run plans memory and kernels; nobody should wait for that

  std::mutex mutex_;
  OpenVino const* openvino_ = nullptr;
  std::filesystem::path directory_;
  int threads_ = 1;
  std::string digest_;
  std::map<char32_t, std::int64_t> symbols_;
  bool quick_ = false;  ///< quick enough for the shortest window
  ov::InferRequest front_;
  std::array<ov::InferRequest, window_frames.size()> generator_;
  ov::InferRequest statistics_;  // empty until something is to be calibrated
};

}  // namespace parley::engine
