#include "engine/ggml/gguf_shape.hpp"

#include <fmt/format.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>
#include <gguf.h>
#include <llama.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <tuple>

#include "engine/ggml/library_log.hpp"
#include "engine/ggml/llama_weights.hpp"

namespace parley::engine {
namespace {

struct GgufDeleter {
  void operator()(gguf_context* context) const noexcept { gguf_free(context); }
};
struct GgmlDeleter {
  void operator()(ggml_context* context) const noexcept { ggml_free(context); }
};
struct BufferDeleter {
  void operator()(ggml_backend_buffer* buffer) const noexcept { ggml_backend_buffer_free(buffer); }
};

/// The keys of a file, whose types are what the file says they are.
class Keys {
 public:
  explicit Keys(gguf_context const* table) : table_(table) {}

  /// A whole number, or the largest of a list of them; 0 when there is none.
  [[nodiscard]] int number(std::string const& name) const {
    auto const key = gguf_find_key(table_, name.c_str());
    if (key < 0) return 0;
    switch (gguf_get_kv_type(table_, key)) {
      case GGUF_TYPE_UINT32: return static_cast<int>(gguf_get_val_u32(table_, key));
      case GGUF_TYPE_INT32: return gguf_get_val_i32(table_, key);
      case GGUF_TYPE_UINT64: return static_cast<int>(gguf_get_val_u64(table_, key));
      case GGUF_TYPE_ARRAY: return largest(key);
      default: return 0;
    }
  }
  [[nodiscard]] std::string text(std::string const& name) const {
    auto const key = gguf_find_key(table_, name.c_str());
    return key < 0 || gguf_get_kv_type(table_, key) != GGUF_TYPE_STRING ? "" : gguf_get_val_str(table_, key);
  }
  [[nodiscard]] int count(std::string const& name) const {
    auto const key = gguf_find_key(table_, name.c_str());
    return key < 0 || gguf_get_kv_type(table_, key) != GGUF_TYPE_ARRAY ? 0 : static_cast<int>(gguf_get_arr_n(table_, key));
  }

 private:
  [[nodiscard]] int largest(std::int64_t key) const {
    auto const type = gguf_get_arr_type(table_, key);
    auto const count = gguf_get_arr_n(table_, key);
    if ((type != GGUF_TYPE_INT32 && type != GGUF_TYPE_UINT32) || count == 0) return 0;
    auto const* const values = static_cast<std::int32_t const*>(gguf_get_arr_data(table_, key));
    return *std::max_element(values, values + count);
  }
  gguf_context const* table_;
};

/// Whether llama.cpp puts such a matrix into a buffer of its own order. Source: weight_buft_supported of
/// llama-model-loader.cpp.
class Repacking {
 public:
  Repacking() : device_(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
    if (device_ == nullptr) return;
    auto const ask = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device_), "ggml_backend_dev_get_extra_bufts"));
    if (ask == nullptr) return;
    for (auto* type = ask(device_); type != nullptr && *type != nullptr; ++type) {
      buffers_.emplace_back(ggml_backend_buft_alloc_buffer(*type, 0));
    }
  }
  [[nodiscard]] bool applies(ggml_type type, std::int64_t row, std::int64_t rows) {
    auto const [at, fresh] = known_.try_emplace({type, row, rows}, false);
    if (fresh) at->second = ask(type, row, rows);
    return at->second;
  }

 private:
  [[nodiscard]] bool ask(ggml_type type, std::int64_t row, std::int64_t rows) const {
    std::unique_ptr<ggml_context, GgmlDeleter> const context(
        ggml_init({.mem_size = ggml_tensor_overhead() * 4, .mem_buffer = nullptr, .no_alloc = true}));
    if (!context) return false;
    ggml_tensor* const weights = ggml_new_tensor_2d(context.get(), type, row, rows);
    ggml_tensor* const input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, row, 512);
    ggml_tensor* const product = ggml_mul_mat(context.get(), weights, input);
    return std::ranges::any_of(buffers_, [&](auto const& buffer) {
      weights->buffer = buffer.get();
      return buffer != nullptr && ggml_backend_dev_supports_op(device_, product);
    });
  }

  ggml_backend_dev_t device_;
  std::vector<std::unique_ptr<ggml_backend_buffer, BufferDeleter>> buffers_;
  std::map<std::tuple<ggml_type, std::int64_t, std::int64_t>, bool> known_;
};

struct FileType {
  std::string_view name;
  llama_ftype type;
};
constexpr FileType file_types[] = {
    {"F32", LLAMA_FTYPE_ALL_F32},          {"F16", LLAMA_FTYPE_MOSTLY_F16},       {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
    {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},     {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M},
    {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M}, {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S}, {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},
    {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},     {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M}, {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K}};

std::string file_type_name(int type) {
  auto const* const found = std::ranges::find(file_types, static_cast<llama_ftype>(type), &FileType::type);
  return found == std::end(file_types) ? fmt::format("type {}", type) : std::string(found->name);
}

void add_tensors(ModelShape& shape, gguf_context const* table) {
  Repacking repacking;
  bool const tied = gguf_find_tensor(table, "output.weight") < 0;
  for (std::int64_t i = 0; i < gguf_get_n_tensors(table); ++i) {
    std::string_view const name = gguf_get_tensor_name(table, i);
    std::span<std::int64_t const, GGML_MAX_DIMS> const ne(gguf_get_tensor_ne(table, i), GGML_MAX_DIMS);
    bool const embedding = name == "token_embd.weight";
    TensorShape tensor;
    tensor.row = static_cast<std::uint64_t>(ne[0]);
    tensor.elements = static_cast<std::uint64_t>(ne[0] * ne[1] * ne[2] * ne[3]);
    tensor.bytes = gguf_get_tensor_size(table, i);
    tensor.edge = embedding || name == "output.weight";
    bool const product = ne[1] > 1 && ne[2] == 1 && (!embedding || tied);
    tensor.repacked = product && repacking.applies(gguf_get_tensor_type(table, i), ne[0], ne[1]);
    shape.parameters += static_cast<double>(tensor.elements);
    shape.tensors.push_back(tensor);
  }
}

}  // namespace

core::Result<ModelShape> read_gguf_shape(std::filesystem::path const& path) {
  route_library_logs();
  if (auto checked = check_gguf_file(path.string()); !checked) return std::unexpected(checked.error());
  std::unique_ptr<gguf_context, GgufDeleter> const table(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  Keys const keys(table.get());
  auto const architecture = keys.text("general.architecture");
  ModelShape shape;
  shape.name = keys.text("general.name");
  if (shape.name.empty()) shape.name = path.stem().string();
  shape.precision = file_type_name(keys.number("general.file_type"));
  shape.layers = keys.number(architecture + ".block_count");
  shape.width = keys.number(architecture + ".embedding_length");
  shape.feed_forward = keys.number(architecture + ".feed_forward_length");
  shape.heads = keys.number(architecture + ".attention.head_count");
  shape.kv_heads = keys.number(architecture + ".attention.head_count_kv");
  shape.head_width = keys.number(architecture + ".attention.key_length");
  shape.trained_context = keys.number(architecture + ".context_length");
  shape.vocabulary = keys.count("tokenizer.ggml.tokens");
  shape.merges = keys.count("tokenizer.ggml.merges");
  if (shape.kv_heads == 0) shape.kv_heads = shape.heads;
  if (shape.layers <= 0 || shape.width <= 0 || shape.heads <= 0) {
    return core::fail(core::Code::unavailable, "this GGUF file does not tell the shape of a language model", path.string());
  }
  if (shape.head_width == 0) shape.head_width = shape.width / shape.heads;
  add_tensors(shape, table.get());
  return shape;
}

core::Result<void> quantise(std::filesystem::path const& from, std::filesystem::path const& to, std::string_view precision,
                            int threads) {
  route_library_logs();
  auto const* const wanted = std::ranges::find(file_types, precision, &FileType::name);
  if (wanted == std::end(file_types)) {
    return core::fail(core::Code::invalid, fmt::format("there is no precision '{}' to quantise to", precision), "precision");
  }
  if (auto checked = check_gguf_file(from.string()); !checked) return checked;
  std::error_code error;
  std::filesystem::create_directories(to.parent_path(), error);
  auto part = to;
  part += ".part";
  llama_backend_init();
  auto params = llama_model_quantize_default_params();
  params.ftype = wanted->type;
  params.nthread = threads;
  params.allow_requantize = true;
  params.max_buf_size = std::size_t{64} << 20;
  auto const status = llama_model_quantize(from.c_str(), part.c_str(), &params);
  if (status == 0) std::filesystem::rename(part, to, error);
  if (status != 0 || error) {
    std::filesystem::remove(part, error);
    return core::fail(
        core::Code::unavailable,
        fmt::format("the model could not be made smaller ({}); is there room on the disk and in memory?", precision),
        to.string());
  }
  return {};
}

}  // namespace parley::engine
