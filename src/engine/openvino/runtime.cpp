#include "engine/openvino/runtime.hpp"

namespace parley::engine {

OpenVino::OpenVino(std::filesystem::path const& cache) {
  std::error_code ignored;  // without a cache it is slower to start, not wrong
  std::filesystem::create_directories(cache, ignored);
  core_.set_property(ov::cache_dir(cache.string()));
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
    return core_.compile_model(model, "CPU", ov::inference_num_threads(threads), ov::num_streams(1),
                               ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
                               ov::hint::inference_precision(ov::element::f32));
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
