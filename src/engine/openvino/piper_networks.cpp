#include "engine/openvino/piper_networks.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/file.hpp"
#include "engine/openvino/windows.hpp"

namespace parley::engine {
namespace {

constexpr float longest_phoneme = 200;  // frames, 2.3 s: none is that long unless the predictor went astray

core::Result<PiperVoice> read_voice(std::filesystem::path const& file) {
  auto const text = core::file_bytes(file);
  if (!text)
    return core::fail(core::Code::not_found, "the voice's config.json is missing; run `parley models pull`", file.string());
  return PiperVoice::parse(*text);
}

using Shapes = std::map<std::string, ov::PartialShape>;

core::Result<ov::InferRequest> compile(OpenVino const& openvino, ov::Model const& model, Shapes const& shapes, int threads) {
  try {
    auto fixed = model.clone();
    fixed->reshape(shapes);
    auto compiled = openvino.compile(fixed, threads);
    if (!compiled) return std::unexpected(compiled.error());
    return compiled->create_infer_request();
  } catch (std::exception const& error) {
    return core::fail(core::Code::invalid,
                      std::string("the voice's networks do not fit together; run `parley models verify`: ") + error.what());
  }
}

template <class Run>
auto guarded(Run&& run) -> core::Result<decltype(run())> {
  try {
    return run();
  } catch (std::exception const& error) {
    return core::fail(core::Code::internal, std::string("the voice could not be computed: ") + error.what());
  }
}

/// Frames [begin, begin + length) of [rows][frames]; zeros beyond the end.
std::vector<float> columns(std::vector<float> const& matrix, int rows, int frames, int begin, int length) {
  std::vector<float> part(static_cast<std::size_t>(rows) * static_cast<std::size_t>(length), 0.0F);
  int const inside = std::min(length, frames - begin);
  for (int row = 0; row < rows; ++row) {
    std::copy_n(matrix.begin() + static_cast<std::ptrdiff_t>(row) * frames + begin, inside,
                part.begin() + static_cast<std::ptrdiff_t>(row) * length);
  }
  return part;
}

}  // namespace

core::Result<std::shared_ptr<PiperNetworks>> PiperNetworks::load(OpenVino const& openvino,
                                                                 std::filesystem::path const& directory, int threads) {
  auto voice = read_voice(directory / "config.json");
  if (!voice) return std::unexpected(voice.error());
  auto networks = std::make_shared<PiperNetworks>();
  networks->voice_ = std::move(*voice);
  auto const front = openvino.read(directory / "front.xml");
  auto const flow = openvino.read(directory / "flow.xml");
  auto const decoder = openvino.read(directory / "decoder.xml");
  for (auto const* model : {&front, &flow, &decoder}) {
    if (!*model) return std::unexpected(model->error());
  }
  int const channels = networks->voice_.channels;
  auto const put = [](ov::InferRequest& place, core::Result<ov::InferRequest> request) -> core::Result<void> {
    if (!request) return std::unexpected(request.error());
    place = std::move(*request);
    return {};
  };
  core::Result<void> ok;
  for (std::size_t i = 0; i < front_ids.size() && ok; ++i) {
    int const n = front_ids[i];
    ok = put(networks->front_[i], compile(openvino, **front, {{"ids", {1, n}}, {"count", {1}}, {"noise", {1, 2, n}}}, threads));
  }
  if (ok) {
    ok = put(networks->flow_,
             compile(openvino, **flow, {{"latent", {1, channels, flow_frames}}, {"mask", {1, 1, flow_frames}}}, threads));
  }
  for (std::size_t i = 0; i < decoder_frames.size() && ok; ++i) {
    ok = put(networks->decoder_[i], compile(openvino, **decoder, {{"z", {1, channels, decoder_frames[i]}}}, threads));
  }
  if (!ok) return std::unexpected(ok.error());
  return networks;
}

core::Result<PiperNetworks::Latent> PiperNetworks::front(std::span<std::int64_t const> ids, float speed, std::uint64_t seed) {
  auto const fitting = std::ranges::find_if(front_ids, [&](int n) { return static_cast<std::size_t>(n) >= ids.size(); });
  if (fitting == front_ids.end() || ids.empty()) {
    return core::fail(core::Code::internal, "a piece of text has more phonemes than the voice takes at once");
  }
  auto const n = static_cast<std::size_t>(*fitting);
  auto& request = front_[static_cast<std::size_t>(fitting - front_ids.begin())];
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;

  std::vector<std::int64_t> padded(n, 0);
  std::ranges::copy(ids, padded.begin());
  std::vector<std::int64_t> count{static_cast<std::int64_t>(ids.size())};
  std::vector<float> noise(2 * n, 0.0F);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    noise[i] = normal(random) * voice_.duration_noise_scale;
    noise[n + i] = normal(random) * voice_.duration_noise_scale;
  }
  return guarded([&] {
    request.set_tensor("ids", ov::Tensor(ov::element::i64, {1, n}, padded.data()));
    request.set_tensor("count", ov::Tensor(ov::element::i64, {1}, count.data()));
    request.set_tensor("noise", ov::Tensor(ov::element::f32, {1, 2, n}, noise.data()));
    request.infer();
    auto const mean_tensor = request.get_tensor("mean"), scale_tensor = request.get_tensor("log_scale"),
               duration_tensor = request.get_tensor("durations");
    auto const* const mean = mean_tensor.data<float const>();
    auto const* const log_scale = scale_tensor.data<float const>();
    auto const* const durations = duration_tensor.data<float const>();

    // Each phoneme's column is repeated for its duration: the "length regulator", and the sampling from the prior. Durations
    // are rounded up, as in training; another speed scales where phonemes begin, since rounding each up anew would leave
    // speed 2 a third too slow.
    std::vector<std::size_t> source;
    double begin = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      float const own = durations[i] >= 0 ? std::min(durations[i], longest_phoneme) : 1.0F;  // NaN counts as 1 too
      begin += std::ceil(own * voice_.length_scale);
      source.resize(std::max(source.size(), static_cast<std::size_t>(std::lround(begin / speed))), i);
    }
    if (source.empty()) source.push_back(0);
    Latent latent{static_cast<int>(source.size()), {}};
    latent.values.reserve(source.size() * static_cast<std::size_t>(voice_.channels));
    for (std::size_t c = 0; c < static_cast<std::size_t>(voice_.channels); ++c) {
      for (std::size_t const i : source) {
        latent.values.push_back(mean[c * n + i] + normal(random) * std::exp(log_scale[c * n + i]) * voice_.noise_scale);
      }
    }
    return latent;
  });
}

core::Result<ov::Tensor> PiperNetworks::flow(std::vector<float>& latent, int valid) {
  std::vector<float> mask(flow_frames, 0.0F);
  std::fill_n(mask.begin(), std::clamp(valid, 0, flow_frames), 1.0F);
  return guarded([&] {
    flow_.set_tensor("latent",
                     ov::Tensor(ov::element::f32, {1, static_cast<std::size_t>(voice_.channels), flow_frames}, latent.data()));
    flow_.set_tensor("mask", ov::Tensor(ov::element::f32, {1, 1, flow_frames}, mask.data()));
    flow_.infer();
    return flow_.get_tensor("z");
  });
}

core::Result<ov::Tensor> PiperNetworks::decode(std::vector<float>& z, int frames) {
  auto const at = std::ranges::find(decoder_frames, frames);
  if (at == decoder_frames.end()) return core::fail(core::Code::internal, "the voice has no window of that length");
  auto& request = decoder_[static_cast<std::size_t>(at - decoder_frames.begin())];
  return guarded([&] {
    request.set_tensor(
        "z", ov::Tensor(ov::element::f32, {1, static_cast<std::size_t>(voice_.channels), static_cast<std::size_t>(frames)},
                        z.data()));
    request.infer();
    return request.get_tensor("wave");
  });
}

PiperDecoding::PiperDecoding(std::shared_ptr<PiperNetworks> networks, PiperNetworks::Latent latent)
    : networks_(std::move(networks)), latent_(std::move(latent)), z_(latent_.values.size()) {}

core::Result<void> PiperDecoding::flow_up_to(int frame) {
  constexpr std::array lengths{PiperNetworks::flow_frames};
  int const channels = networks_->voice().channels;
  while (flowed_ < frame) {
    auto const window = next_window(latent_.frames, flowed_, lengths, PiperNetworks::flow_context);
    auto part = columns(latent_.values, channels, latent_.frames, window.begin, window.length);
    auto const out = networks_->flow(part, latent_.frames - window.begin);
    if (!out) return std::unexpected(out.error());
    auto const* const z = out->data<float const>();
    for (int c = 0; c < channels; ++c) {
      std::copy_n(z + static_cast<std::ptrdiff_t>(c) * window.length + (window.keep_begin - window.begin),
                  window.keep_end - window.keep_begin,
                  z_.begin() + static_cast<std::ptrdiff_t>(c) * latent_.frames + window.keep_begin);
    }
    flowed_ = window.keep_end;
  }
  return {};
}

core::Result<audio::Samples> PiperDecoding::next() {
  auto const window = next_window(latent_.frames, decoded_, PiperNetworks::decoder_frames, PiperNetworks::decoder_context);
  auto const ready = flow_up_to(std::min(latent_.frames, window.begin + window.length));
  if (!ready) return std::unexpected(ready.error());
  // A clause shorter than the shortest window ends in zeros, which is what masked frames are in the original.
  auto part = columns(z_, networks_->voice().channels, latent_.frames, window.begin, window.length);
  auto const out = networks_->decode(part, window.length);
  if (!out) return std::unexpected(out.error());
  int const hop = networks_->voice().frame_samples;
  auto const* const wave = out->data<float const>() + static_cast<std::ptrdiff_t>(window.keep_begin - window.begin) * hop;
  decoded_ = window.keep_end;
  return audio::Samples(wave, wave + static_cast<std::ptrdiff_t>(window.keep_end - window.keep_begin) * hop);
}

}  // namespace parley::engine
