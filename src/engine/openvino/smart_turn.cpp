#include "engine/openvino/smart_turn.hpp"

#include <algorithm>
#include <cmath>

#include "engine/log_mel.hpp"

namespace parley::engine {
namespace {

constexpr std::size_t seconds = 8;
constexpr std::size_t samples_seen = seconds * audio::heard_hz;
constexpr std::size_t frames = samples_seen / LogMel::hop;

/// What the model was trained on: 8 s that end now, zeros in front of what is shorter, then standardised as a whole.
audio::Samples last_seconds(std::span<float const> audio) {
  audio::Samples samples(samples_seen, 0.0F);
  auto const heard = audio.last(std::min(audio.size(), samples_seen));
  std::ranges::transform(heard, samples.end() - static_cast<std::ptrdiff_t>(heard.size()),
                         [](float v) { return std::isfinite(v) ? v : 0.0F; });
  standardise(samples);
  return samples;
}

}  // namespace

struct SmartTurn::Network {
  LogMel log_mel;
  ov::InferRequest request;  // used on the arbiter's thread only

  core::Result<float> predict(std::span<float const> audio) {
    auto picture = log_mel(last_seconds(audio));
    try {
      request.set_input_tensor(ov::Tensor(ov::element::f32, ov::Shape{1, LogMel::bands, frames}, picture.data()));
      request.infer();
      // The output is called "logits", but this export ends in a sigmoid.
      return std::clamp(request.get_output_tensor().data<float const>()[0], 0.0F, 1.0F);
    } catch (std::exception const& error) {
      return core::fail(core::Code::internal, std::string("the end of turn could not be computed: ") + error.what());
    }
  }
};

SmartTurn::SmartTurn(Arbiter& arbiter, std::shared_ptr<Network> network) : arbiter_(&arbiter), network_(std::move(network)) {}

core::Result<std::shared_ptr<SmartTurn>> SmartTurn::load(OpenVino const& openvino, Arbiter& arbiter,
                                                         std::filesystem::path const& file) {
  auto model = openvino.read(file);
  if (!model) return std::unexpected(model.error());
  try {
    (*model)->reshape(ov::PartialShape{1, LogMel::bands, frames});
    if ((*model)->outputs().size() != 1 || (*model)->output().get_partial_shape() != ov::PartialShape{1, 1}) {
      throw std::invalid_argument("it answers something else than one number");
    }
  } catch (std::exception const& error) {
    return core::fail(core::Code::invalid,
                      std::string("this is not the end-of-turn model ") + file_name +
                          "; run `parley models pull smart-turn-v3.2`: " + error.what(),
                      file.string());
  }
  auto compiled = openvino.compile(*model, arbiter.cores());
  if (!compiled) return std::unexpected(compiled.error());
  try {
    auto network = std::make_shared<Network>();
    network->request = compiled->create_infer_request();
    return std::shared_ptr<SmartTurn>(new SmartTurn(arbiter, std::move(network)));
  } catch (std::exception const& error) {
    return core::fail(core::Code::internal, std::string("the end-of-turn model cannot be run: ") + error.what(), file.string());
  }
}

core::Job SmartTurn::predict(audio::SharedSamples audio, Sink sink) const {
  return arbiter_->submit(core::Urgency::final_transcript,
                          [network = network_, audio = std::move(audio), sink = std::move(sink)](std::stop_token stop) {
                            if (!stop.stop_requested()) {
                              sink(network->predict(audio ? std::span<float const>(*audio) : std::span<float const>()));
                            }
                            return Step::done;
                          });
}

}  // namespace parley::engine
