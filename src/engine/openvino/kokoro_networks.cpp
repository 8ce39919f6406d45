#include "engine/openvino/kokoro_networks.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/clock.hpp"
#include "core/sha256.hpp"
#include "core/utf8.hpp"

namespace parley::engine {
namespace {

constexpr int value_rows = 512;
constexpr int spectrum_rows = 22;
constexpr int columns_per_frame = 60;
constexpr std::size_t style_width = 128;
constexpr std::chrono::microseconds frame(12'500);

template <class Run>
auto guarded(Run&& run) -> core::Result<decltype(run())> {
  try {
    return run();
  } catch (std::exception const& error) {
    return core::fail(core::Code::internal, std::string("Kokoro could not be computed: ") + error.what());
  }
}

core::Result<std::map<char32_t, std::int64_t>> read_symbols(std::filesystem::path const& file) {
  try {
    std::ifstream stream(file);
    auto const json = nlohmann::json::parse(stream);
    std::map<char32_t, std::int64_t> symbols;
    for (auto const& [text, id] : json.items()) {
      auto const symbol = core::decode_utf8(text);
      if (symbol.size() == 1) symbols[symbol.front()] = id.get<std::int64_t>();
    }
    if (!symbols.empty()) return symbols;
  } catch (nlohmann::json::exception const&) {
    // said below
  }
  return core::fail(core::Code::invalid, "the table of symbols cannot be read; run `parley models verify`", file.string());
}

core::Result<ov::InferRequest> at_length(OpenVino const& openvino, std::shared_ptr<ov::Model> const& model, int frames,
                                         int threads) {
  auto fixed = guarded([&] {
    auto copy = model->clone();
    copy->reshape({{"frames", ov::PartialShape{1, value_rows, frames}},
                   {"spectrum", ov::PartialShape{1, spectrum_rows, frames * columns_per_frame + 1}}});
    return copy;
  });
  if (!fixed) return std::unexpected(fixed.error());
  auto compiled = openvino.compile(*fixed, threads);
  if (!compiled) return std::unexpected(compiled.error());
  return guarded([&] { return compiled->create_infer_request(); });
}

/// Columns [begin, begin + length) of [rows][columns]; the last one again and again beyond the end.
void copy_columns(std::vector<float> const& matrix, int rows, int columns, int begin, int length, float* out) {
  int const inside = std::clamp(columns - begin, 0, length);
  for (int row = 0; row < rows; ++row, out += length) {
    auto const line = matrix.begin() + static_cast<std::ptrdiff_t>(row) * columns;
    std::copy_n(line + begin, inside, out);
    std::fill(out + inside, out + length, line[columns - 1]);
  }
}

template <class T>
std::vector<T> values_of(ov::Tensor const& tensor) {
  auto const* data = tensor.data<T const>();
  return {data, data + tensor.get_size()};
}

core::Result<audio::Samples> finite(audio::Samples samples) {
  if (!samples.empty() && std::ranges::all_of(samples, [](float s) { return std::isfinite(s); })) return samples;
  return core::fail(core::Code::internal, "Kokoro made no usable sound; run `parley models verify`");
}

ov::Tensor view(std::vector<float> const& values, ov::Shape const& shape) {
  return {ov::element::f32, shape, const_cast<float*>(values.data())};  // OpenVINO has no tensors over constant memory
}

}  // namespace

core::Result<std::shared_ptr<KokoroNetworks>> KokoroNetworks::load(OpenVino const& openvino,
                                                                   std::filesystem::path const& directory, int threads) {
  auto networks = std::make_shared<KokoroNetworks>();
  networks->openvino_ = &openvino;
  networks->directory_ = directory;
  networks->threads_ = threads;
  auto symbols = read_symbols(directory / "symbols.json");
  if (!symbols) return std::unexpected(symbols.error());
  networks->symbols_ = std::move(*symbols);
  auto front = openvino.load(directory / "front.xml", threads);
  if (!front) return std::unexpected(front.error());
  auto const generator = openvino.read(directory / "generator.xml");
  if (!generator) return std::unexpected(generator.error());
  for (std::size_t i = 0; i < window_frames.size(); ++i) {
    auto request = at_length(openvino, *generator, window_frames[i], threads);
    if (!request) return std::unexpected(request.error());
    networks->generator_[i] = std::move(*request);
  }
  auto request = guarded([&] { return front->create_infer_request(); });
  if (!request) return std::unexpected(request.error());
  networks->front_ = std::move(*request);
  core::Sha256 digest;
  for (auto const* name : {"front.bin", "generator.bin"}) {
    auto const file = core::sha256_of_file(directory / name);
    if (!file) return std::unexpected(file.error());
    digest.update(*file);
  }
  networks->digest_ = digest.hex();
  if (auto const warm = networks->warm(); !warm) return std::unexpected(warm.error());
  return networks;
}

core::Result<void> KokoroNetworks::warm() {
  KokoroStyle const style(std::vector<float>(KokoroStyle::rows * KokoroStyle::width, 0.0F));
  std::vector<std::int64_t> const some(8, symbols_.begin()->second);
  auto const clause = front(some, style, 1.0F);
  if (!clause) return std::unexpected(clause.error());
  auto const ran = guarded([&] {
    for (auto& request : generator_) request.infer();
    auto const begin = core::Clock::now();
    generator_[1].infer();
    quick_ = 3 * (core::Clock::now() - begin) < 2 * frame * (window_frames[0] - 2 * context);
    return true;
  });
  if (!ran) return std::unexpected(ran.error());
  return {};
}

std::span<int const> KokoroNetworks::lengths(int done) const noexcept {
  std::span const all(window_frames);
  if (done == 0 && quick_) return all;
  return done > 0 && done < window_frames[1] - context ? all.subspan(1, 1) : all.subspan(1);
}

std::vector<std::int64_t> KokoroNetworks::tokens(std::u32string_view symbols) const {
  std::vector<std::int64_t> tokens;
  for (char32_t const symbol : symbols) {
    if (auto const found = symbols_.find(symbol); found != symbols_.end()) tokens.push_back(found->second);
  }
  return tokens;
}

core::Result<KokoroNetworks::Clause> KokoroNetworks::front(std::span<std::int64_t const> tokens, KokoroStyle const& style,
                                                           float speed) {
  if (tokens.empty() || tokens.size() > most_symbols) {
    return core::fail(core::Code::invalid, "a clause for Kokoro must have 1 to 510 symbols", "text");
  }
  std::vector<std::int64_t> padded(tokens.size() + 2, 0);
  std::ranges::copy(tokens, padded.begin() + 1);
  auto const row = style.of(tokens.size());
  std::vector<float> const whole(row.begin(), row.end());
  auto clause = guarded([&] {
    std::lock_guard lock(mutex_);
    front_.set_tensor("tokens", ov::Tensor(ov::element::i64, {1, padded.size()}, padded.data()));
    front_.set_tensor("style", view(whole, {1, whole.size()}));
    front_.set_tensor("speed", ov::Tensor(ov::element::f32, {1}, &speed));
    front_.infer();
    auto const values = front_.get_tensor("frames");
    return Clause{static_cast<int>(values.get_shape()[2]), values_of<float>(values),
                  values_of<float>(front_.get_tensor("spectrum")), values_of<std::int64_t>(front_.get_tensor("durations")),
                  std::vector<float>(row.begin(), row.begin() + style_width)};
  });
  if (clause && clause->frames == 0) return core::fail(core::Code::internal, "Kokoro gave the clause no time at all", "text");
  return clause;
}

core::Result<ov::InferRequest*> KokoroNetworks::statistics() {
  if (!statistics_) {
    auto compiled = openvino_->load(directory_ / "statistics.xml", threads_);
    if (!compiled) return std::unexpected(compiled.error());
    auto request = guarded([&] { return compiled->create_infer_request(); });
    if (!request) return std::unexpected(request.error());
    statistics_ = std::move(*request);
  }
  return &statistics_;
}

core::Result<KokoroNetworks::Whole> KokoroNetworks::whole(Clause const& clause) {
  std::lock_guard lock(mutex_);
  auto request = statistics();
  if (!request) return std::unexpected(request.error());
  auto const frames = static_cast<std::size_t>(clause.frames);
  auto result = guarded([&] {
    (*request)->set_tensor("frames", view(clause.values, {1, value_rows, frames}));
    (*request)->set_tensor("spectrum", view(clause.spectrum, {1, spectrum_rows, frames * columns_per_frame + 1}));
    (*request)->set_tensor("style", view(clause.style, {1, style_width}));
    (*request)->infer();
    return Whole{values_of<float>((*request)->get_tensor("samples")),
                 {values_of<float>((*request)->get_tensor("mean")), values_of<float>((*request)->get_tensor("variance"))}};
  });
  if (!result) return result;
  auto samples = finite(std::move(result->samples));
  if (!samples) return std::unexpected(samples.error());
  result->samples = std::move(*samples);
  return result;
}

core::Result<audio::Samples> KokoroNetworks::window(Clause const& clause, Window const& window, KokoroMoments const& moments) {
  auto const size = std::ranges::find(window_frames, window.length) - window_frames.begin();
  if (size == std::ssize(window_frames)) return core::fail(core::Code::internal, "Kokoro has no window of this length");
  auto samples = guarded([&] {
    std::lock_guard lock(mutex_);
    auto& request = generator_[static_cast<std::size_t>(size)];
    auto const channels = request.get_tensor("mean").get_size();
    if (moments.mean.size() != channels || moments.variance.size() != channels) throw std::invalid_argument("wrong moments");
    copy_columns(clause.values, value_rows, clause.frames, window.begin, window.length,
                 request.get_tensor("frames").data<float>());
    copy_columns(clause.spectrum, spectrum_rows, clause.frames * columns_per_frame + 1, window.begin * columns_per_frame,
                 window.length * columns_per_frame + 1, request.get_tensor("spectrum").data<float>());
    std::ranges::copy(clause.style, request.get_tensor("style").data<float>());
    std::ranges::copy(moments.mean, request.get_tensor("mean").data<float>());
    std::ranges::copy(moments.variance, request.get_tensor("variance").data<float>());
    request.infer();
    auto const* all = request.get_tensor("samples").data<float const>();
    return audio::Samples(all + (window.keep_begin - window.begin) * samples_per_frame,
                          all + (window.keep_end - window.begin) * samples_per_frame);
  });
  if (!samples) return samples;
  return finite(std::move(*samples));
}

}  // namespace parley::engine
