#include "engine/openvino/runtime.hpp"

#include <algorithm>
#include <openvino/op/fake_quantize.hpp>
#include <openvino/pass/constant_folding.hpp>

namespace parley::engine {
namespace {

/// A name that OpenVINO's public headers lack (openvino/runtime/internal_properties.hpp).
constexpr char const* computes_in_bytes = "LP_TRANSFORMS_MODE";

bool is_quantised(ov::Model const& model) {
  auto const operations = model.get_ops();
  return std::ranges::any_of(operations, [](auto const& each) { return ov::is_type<ov::op::v0::FakeQuantize>(each); });
}

}  // namespace

bool sums_bytes_exactly() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni") != 0 || __builtin_cpu_supports("avxvnni") != 0;
#else
  return true;
#endif
}

OpenVino::OpenVino(std::filesystem::path const& cache, bool bytes) : bytes_(bytes) {
  // What is compiled for one kind of processor is not for the other. Without a cache it is slower to start, not wrong.
  auto const folder = bytes ? cache : cache / "floats";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  core_.set_property(ov::cache_dir(folder.string()));
}

core::Result<std::shared_ptr<ov::Model>> OpenVino::read(std::filesystem::path const& file) const {
  if (!std::filesystem::exists(file)) {
    return core::fail(core::Code::not_found, "the model file is missing; run `parley models pull`", file.string());
  }
  try {
    return core_.read_model(file.string());
  } catch (std::exception const& error) {
    return core::fail(core::Code::invalid,
                      std::string("the model file cannot be read: run `parley models verify`: ") + error.what(), file.string());
  }
}

core::Result<ov::CompiledModel> OpenVino::compile(std::shared_ptr<ov::Model> const& model, int threads) const {
  try {
    bool const in_floats = !bytes_ && is_quantised(*model);
    if (in_floats) ov::pass::ConstantFolding().run_on_model(model);  // its weights become floats
    return core_.compile_model(model, "CPU", ov::inference_num_threads(threads), ov::num_streams(1),
                               ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
                               ov::hint::inference_precision(ov::element::f32),
                               ov::AnyMap::value_type{computes_in_bytes, !in_floats});
  } catch (std::exception const& error) {
    return core::fail(core::Code::internal, std::string("the model does not compile: ") + error.what(),
                      model->get_friendly_name());
  }
}

core::Result<ov::CompiledModel> OpenVino::load(std::filesystem::path const& file, int threads) const {
  auto model = read(file);
  if (!model) return std::unexpected(model.error());
  return compile(*model, threads);
}

}  // namespace parley::engine
