#pragma once
// The three networks of a Piper voice (VITS, Kim et al. 2021, arXiv:2106.06103), as models/convert/piper.py cuts them, and the
// loop between them. Every network runs at fixed lengths only: nothing is planned anew for a new clause.
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "audio/format.hpp"
#include "core/result.hpp"
#include "engine/openvino/piper_voice.hpp"
#include "engine/openvino/runtime.hpp"

namespace parley::engine {

/// The compiled networks of one voice. Everything but `load` is for one thread at a time: the arbiter's.
class PiperNetworks {
 public:
  static constexpr std::array front_ids{
      128, 256};                           ///< of the front network, whose time grows with them; ids behind the count are idle
  static constexpr int flow_frames = 128;  ///< sees 32 frames to each side; masked frames change nothing
  static constexpr int flow_context = 32;
  static constexpr std::array decoder_frames{32, 64, 96};  ///< sees 10 frames to each side; 96 frames are 1.1 s of sound
  static constexpr int decoder_context = 10;
  static constexpr std::size_t most_ids = front_ids.back();

  /// `directory` holds {front,flow,decoder}.{xml,bin} and config.json. not_found or invalid with what to do.
  [[nodiscard]] static core::Result<std::shared_ptr<PiperNetworks>> load(OpenVino const& openvino,
                                                                         std::filesystem::path const& directory, int threads);

  [[nodiscard]] PiperVoice const& voice() const noexcept { return voice_; }

  /// Noisy prior, before the flow: [channels][frames], row by row.
  struct Latent {
    int frames = 0;
    std::vector<float> values;
  };
  /// `ids`: one of PiperVoice::pieces. `speed` 1 is the voice's own pace. The same ids, speed and seed give the same latent.
  [[nodiscard]] core::Result<Latent> front(std::span<std::int64_t const> ids, float speed, std::uint64_t seed);

  /// One fixed window of `flow_frames`, [channels][flow_frames] in and out; the first `valid` frames count.
  [[nodiscard]] core::Result<ov::Tensor> flow(std::vector<float>& latent, int valid);
  /// One fixed window: [channels][frames] in, frames · frame_samples samples at the voice's rate out; `frames` is one of
  /// `decoder_frames`.
  [[nodiscard]] core::Result<ov::Tensor> decode(std::vector<float>& z, int frames);

 private:
  PiperVoice voice_;
  std::array<ov::InferRequest, front_ids.size()> front_;
  ov::InferRequest flow_;
  std::array<ov::InferRequest, decoder_frames.size()> decoder_;
};

/// The sound of one piece, a window at a time; the same samples as one run over the whole (float rounding apart).
class PiperDecoding {
 public:
  PiperDecoding(std::shared_ptr<PiperNetworks> networks, PiperNetworks::Latent latent);

  [[nodiscard]] bool finished() const noexcept { return decoded_ >= latent_.frames; }
  /// The next window's samples at the voice's rate. Only while not finished.
  [[nodiscard]] core::Result<audio::Samples> next();

 private:
  [[nodiscard]] core::Result<void> flow_up_to(int frame);

  std::shared_ptr<PiperNetworks> networks_;
  PiperNetworks::Latent latent_;
  std::vector<float> z_;  // [channels][frames], valid up to flowed_
  int flowed_ = 0;
  int decoded_ = 0;
};

}  // namespace parley::engine
