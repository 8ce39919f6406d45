#include "engine/ggml/llama_weights.hpp"

#include <gguf.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "engine/ggml/library_log.hpp"

namespace parley::engine {
namespace {

core::Error damaged(std::string const& path) {
  return {core::Code::unavailable,
          "the language model is damaged or cut short; check it with `parley models verify` and pull it again",
          path,
          {}};
}

struct GgufDeleter {
  void operator()(gguf_context* context) const noexcept { gguf_free(context); }
};

constexpr int all_layers = 1 << 16;  // onto the graphics card, where ggml was built for one

// What a message says is put into the template as one of these marks and tokenised apart from it.
std::string mark(std::size_t i) { return "\x01" + std::to_string(i) + "\x02"; }

}  // namespace

core::Result<void> check_gguf_file(std::string const& path) {
  std::error_code error;
  auto const size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) {
    return core::fail(core::Code::unavailable, "the language model is not there; get it with `parley models pull`", path);
  }
  std::array<char, 4> magic{};
  if (!in.read(magic.data(), magic.size()) || std::string_view(magic.data(), magic.size()) != "GGUF") {
    return std::unexpected(damaged(path));
  }
  std::unique_ptr<gguf_context, GgufDeleter> const table(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!table || gguf_get_n_tensors(table.get()) == 0) return std::unexpected(damaged(path));
  std::size_t const data = gguf_get_data_offset(table.get());
  for (std::int64_t i = 0; i < gguf_get_n_tensors(table.get()); ++i) {
    std::size_t const end = data + gguf_get_tensor_offset(table.get(), i) + gguf_get_tensor_size(table.get(), i);
    if (end > size) return std::unexpected(damaged(path));
  }
  return {};
}

core::Result<std::shared_ptr<LlamaWeights const>> LlamaWeights::load(std::string const& path) {
  route_library_logs();
  if (auto checked = check_gguf_file(path); !checked) return std::unexpected(checked.error());
  llama_backend_init();
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = llama_supports_gpu_offload() ? all_layers : 0;
  llama_model* model = llama_model_load_from_file(path.c_str(), params);
  if (model == nullptr) return std::unexpected(damaged(path));

  std::array<char, 128> title{};
  bool const titled = llama_model_meta_val_str(model, "general.name", title.data(), title.size()) > 0;
  std::string name = titled ? std::string(title.data()) : std::filesystem::path(path).stem().string();
  std::shared_ptr<LlamaWeights const> weights(new LlamaWeights(model, std::move(name)));
  if (!llama_model_has_decoder(model) || llama_model_has_encoder(model)) {
    return core::fail(core::Code::unavailable, "this model does not write text; choose a chat model", path);
  }
  std::array<language::Message, 1> const probe{{{language::Speaker::user, "?"}}};
  if (auto chat = weights->chat(probe, Ending::answer); !chat) {
    return core::fail(core::Code::unavailable, chat.error().message + "; choose an instruction-tuned model", path);
  }
  return weights;
}

LlamaWeights::LlamaWeights(llama_model* model, std::string name)
    : model_(model), vocab_(llama_model_get_vocab(model)), name_(std::move(name)) {
  if (char const* own = llama_model_chat_template(model_, nullptr)) template_ = own;
}

LlamaWeights::~LlamaWeights() { llama_model_free(model_); }

int LlamaWeights::trained_context() const { return llama_model_n_ctx_train(model_); }

int LlamaWeights::vocabulary() const { return llama_vocab_n_tokens(vocab_); }

void LlamaWeights::tokenise(std::string_view text, bool special, Tokens& out) const {
  if (text.empty()) return;
  std::size_t const before = out.size();
  auto const into = [&](std::size_t room) {
    out.resize(before + room);
    return llama_tokenize(vocab_, text.data(), static_cast<int>(text.size()), out.data() + before, static_cast<int>(room),
                          false, special);
  };
  int count = into(text.size() + 2);
  if (count < 0) count = into(static_cast<std::size_t>(-count));  // vocabularies that write a space in three bytes
  out.resize(before + static_cast<std::size_t>(std::max(count, 0)));
}

core::Result<LlamaWeights::Tokens> LlamaWeights::chat(std::span<language::Message const> messages, Ending ending) const {
  std::vector<std::string> marks;
  std::vector<llama_chat_message> chat;
  for (std::size_t i = 0; i < messages.size(); ++i) marks.push_back(mark(i));
  for (std::size_t i = 0; i < messages.size(); ++i) chat.push_back({language::name(messages[i].speaker), marks[i].c_str()});
  std::string text(256 + messages.size() * 64, '\0');
  int size = 0;
  for (int attempt = 0; attempt < 2; ++attempt) {
    size = llama_chat_apply_template(template_.empty() ? nullptr : template_.c_str(), chat.data(), chat.size(),
                                     ending == Ending::answer, text.data(), static_cast<int>(text.size()));
    if (size < 0) return core::fail(core::Code::unavailable, "the model's chat template is not one that llama.cpp knows");
    if (static_cast<std::size_t>(size) <= text.size()) break;
    text.resize(static_cast<std::size_t>(size));
  }
  text.resize(static_cast<std::size_t>(size));

  Tokens tokens;
  if (llama_vocab_get_add_bos(vocab_)) tokens.push_back(llama_vocab_bos(vocab_));
  std::string_view rest(text);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::size_t const at = rest.find(marks[i]);
    if (at == std::string_view::npos) {
      return core::fail(core::Code::unavailable, "the model's chat template leaves out messages");
    }
    tokenise(rest.substr(0, at), true, tokens);
    tokenise(messages[i].text, false, tokens);
    rest.remove_prefix(at + marks[i].size());
  }
  if (ending != Ending::open) tokenise(rest, true, tokens);
  return tokens;
}

LlamaWeights::Tokens LlamaWeights::plain(std::string_view text) const {
  Tokens tokens;
  if (llama_vocab_get_add_bos(vocab_)) tokens.push_back(llama_vocab_bos(vocab_));
  tokenise(text, false, tokens);
  if (tokens.empty()) tokens.push_back(llama_vocab_eos(vocab_));  // something must come before the first word
  return tokens;
}

bool LlamaWeights::ends_generation(std::int32_t token) const { return llama_vocab_is_eog(vocab_, token); }

std::string LlamaWeights::bytes_of(std::int32_t token) const {
  std::string bytes(64, '\0');
  int count = llama_token_to_piece(vocab_, token, bytes.data(), static_cast<int>(bytes.size()), 0, false);
  if (count < 0) {
    bytes.resize(static_cast<std::size_t>(-count));
    count = llama_token_to_piece(vocab_, token, bytes.data(), static_cast<int>(bytes.size()), 0, false);
  }
  bytes.resize(static_cast<std::size_t>(std::max(count, 0)));
  return bytes;
}

}  // namespace parley::engine
