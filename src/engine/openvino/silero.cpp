#include "engine/openvino/silero.hpp"

#include <algorithm>
#include <cmath>

namespace parley::engine {
namespace {

constexpr std::size_t context_samples = 64;
constexpr std::size_t new_samples = speech::VoiceActivityStream::frame_samples;
ov::Shape const input_shape{1, context_samples + new_samples};
ov::Shape const state_shape{2, 1, 128};

class Stream : public speech::VoiceActivityStream {
 public:
  explicit Stream(ov::InferRequest request)
      : request_(std::move(request)), input_(ov::element::f32, input_shape), state_(ov::element::f32, state_shape) {
    std::fill_n(input_.data<float>(), input_.get_size(), 0.0F);
    std::fill_n(state_.data<float>(), state_.get_size(), 0.0F);
    request_.set_tensor("input", input_);
    request_.set_tensor("state", state_);
  }

  core::Result<float> push(std::span<float const> frame) override {
    if (frame.size() != new_samples) {
      return core::fail(core::Code::invalid,
                        "a voice-activity step takes exactly 512 samples, not " + std::to_string(frame.size()));
    }
    float* const input = input_.data<float>();
    std::copy_n(input + new_samples, context_samples, input);
    // One value that is no number would stay in the state for the rest of the call.
    std::ranges::transform(frame, input + context_samples, [](float v) { return std::isfinite(v) ? v : 0.0F; });
    try {
      request_.infer();
      auto const next = request_.get_tensor("stateN");
      std::copy_n(next.data<float const>(), state_.get_size(), state_.data<float>());
      return request_.get_tensor("output").data<float const>()[0];
    } catch (std::exception const& error) {
      return core::fail(core::Code::internal, std::string("voice activity could not be computed: ") + error.what());
    }
  }

 private:
  ov::InferRequest request_;
  ov::Tensor input_, state_;
};

bool fits(ov::Model const& model) {
  try {
    return model.input("input").get_partial_shape() == ov::PartialShape(input_shape) &&
           model.input("state").get_partial_shape() == ov::PartialShape(state_shape) &&
           model.output("output").get_element_type() == ov::element::f32 &&
           model.output("stateN").get_partial_shape() == ov::PartialShape(state_shape);
  } catch (std::exception const&) {
    return false;  // it lacks one of the four
  }
}

}  // namespace

core::Result<std::shared_ptr<Silero>> Silero::load(OpenVino const& openvino, std::filesystem::path const& file) {
  auto model = openvino.read(file);
  if (!model) return std::unexpected(model.error());
  if (!fits(**model)) {
    return core::fail(
        core::Code::invalid,
        std::string("this is not the Silero VAD file that is needed, ") + file_name + "; run `parley models pull silero-vad`",
        file.string());
  }
  auto network = openvino.compile(*model, 1);
  if (!network) return std::unexpected(network.error());
  return std::shared_ptr<Silero>(new Silero(std::move(*network)));
}

core::Result<std::unique_ptr<speech::VoiceActivityStream>> Silero::open() const {
  try {
    return std::make_unique<Stream>(network_.create_infer_request());
  } catch (std::exception const& error) {
    return core::fail(core::Code::internal, std::string("a voice-activity stream could not be opened: ") + error.what());
  }
}

}  // namespace parley::engine
