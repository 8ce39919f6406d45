#pragma once
// A language model of random weights, small enough to be made and used in a test: everything of llama.cpp runs on it, and what
// it writes is nonsense that hangs on every token before it. Its tokens are bytes. Adapters for it are made the same way.

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/test_folder.hpp"

namespace parley::engine {

static_assert(std::endian::native == std::endian::little, "GGUF is little-endian");

/// A GGUF file (version 3) with float tensors: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
class TestGguf {
 public:
  void number(std::string const& key, std::uint32_t value) { add(key, 4, value); }
  void number(std::string const& key, float value) { add(key, 6, value); }
  void flag(std::string const& key, bool value) { add(key, 7, static_cast<std::uint8_t>(value)); }
  void text(std::string const& key, std::string const& value) {
    begin(key, 8);
    put(keys_, value);
  }
  void list(std::string const& key, std::vector<std::string> const& values) {
    begin_list(key, 8, values.size());
    for (auto const& each : values) put(keys_, each);
  }
  void list(std::string const& key, std::vector<float> const& values) {
    begin_list(key, 6, values.size());
    for (auto const& each : values) put(keys_, each);
  }
  void list(std::string const& key, std::vector<std::int32_t> const& values) {
    begin_list(key, 5, values.size());
    for (auto const& each : values) put(keys_, each);
  }
  /// `columns` lie beside each other.
  void tensor(std::string const& name, std::uint64_t columns, std::uint64_t rows, std::span<float const> values) {
    put(tensors_, name);
    put(tensors_, std::uint32_t{rows == 0 ? 1U : 2U});
    put(tensors_, columns);
    if (rows > 0) put(tensors_, rows);
    put(tensors_, std::uint32_t{0});  // float32
    put(tensors_, static_cast<std::uint64_t>(data_.size()));
    data_.append(reinterpret_cast<char const*>(values.data()), values.size_bytes());
    data_.resize((data_.size() + 31) / 32 * 32);
    ++tensor_count_;
  }
  void write(std::filesystem::path const& file) const {
    std::string head = "GGUF";
    put(head, std::uint32_t{3});
    put(head, tensor_count_);
    put(head, key_count_);
    head += keys_ + tensors_;
    head.resize((head.size() + 31) / 32 * 32);
    std::ofstream(file, std::ios::binary) << head << data_;
  }

 private:
  template <class T>
  static void put(std::string& to, T value) {
    to.append(reinterpret_cast<char const*>(&value), sizeof value);
  }
  static void put(std::string& to, std::string const& value) {
    put(to, static_cast<std::uint64_t>(value.size()));
    to += value;
  }
  void begin(std::string const& key, std::uint32_t type) {
    put(keys_, key);
    put(keys_, type);
    ++key_count_;
  }
  void begin_list(std::string const& key, std::uint32_t type, std::size_t size) {
    begin(key, 9);
    put(keys_, type);
    put(keys_, static_cast<std::uint64_t>(size));
  }
  template <class T>
  void add(std::string const& key, std::uint32_t type, T value) {
    begin(key, type);
    put(keys_, value);
  }

  std::string keys_, tensors_, data_;
  std::uint64_t key_count_ = 0, tensor_count_ = 0;
};

/// Models and adapters in a folder that goes with the test.
class TestLlamaFiles {
 public:
  [[nodiscard]] std::filesystem::path file(std::string const& name) const { return folder_ / name; }

  [[nodiscard]] std::filesystem::path model(std::uint32_t seed) {
    std::mt19937 chance(seed);
    TestGguf gguf;
    gguf.text("general.architecture", "llama");
    gguf.text("general.name", "random");
    gguf.number("llama.context_length", std::uint32_t{4096});
    gguf.number("llama.embedding_length", std::uint32_t{width});
    gguf.number("llama.block_count", std::uint32_t{layers});
    gguf.number("llama.feed_forward_length", std::uint32_t{inner});
    gguf.number("llama.attention.head_count", std::uint32_t{4});
    gguf.number("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    gguf.number("llama.rope.dimension_count", std::uint32_t{width / 4});
    vocabulary(gguf);
    matrix(gguf, "token_embd.weight", width, tokens, 1.0F, chance);
    for (std::uint32_t i = 0; i < layers; ++i) {
      auto const block = "blk." + std::to_string(i) + ".";
      ones(gguf, block + "attn_norm.weight");
      ones(gguf, block + "ffn_norm.weight");
      for (char const* part : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
        matrix(gguf, block + part + ".weight", width, width, 0.25F, chance);
      }
      matrix(gguf, block + "ffn_gate.weight", width, inner, 0.15F, chance);
      matrix(gguf, block + "ffn_up.weight", width, inner, 0.15F, chance);
      matrix(gguf, block + "ffn_down.weight", inner, width, 0.15F, chance);
    }
    ones(gguf, "output_norm.weight");
    matrix(gguf, "output.weight", width, tokens, 0.4F, chance);
    return written(gguf, "model-" + std::to_string(seed));
  }

  /// A LoRA of rank 4 on the values of every layer. `columns` other than the model's width fits nothing.
  [[nodiscard]] std::filesystem::path adapter(std::uint32_t seed, std::string const& architecture = "llama",
                                              std::uint32_t columns = width) {
    constexpr std::uint32_t rank = 4;
    std::mt19937 chance(seed);
    TestGguf gguf;
    gguf.text("general.type", "adapter");
    gguf.text("general.architecture", architecture);
    gguf.text("adapter.type", "lora");
    gguf.number("adapter.lora.alpha", static_cast<float>(rank));
    for (std::uint32_t i = 0; i < layers; ++i) {
      auto const name = "blk." + std::to_string(i) + ".attn_v.weight.lora_";
      matrix(gguf, name + "a", columns, rank, 0.5F, chance);
      matrix(gguf, name + "b", rank, width, 0.5F, chance);
    }
    return written(gguf, "adapter-" + std::to_string(seed) + architecture + std::to_string(columns));
  }

 private:
  static constexpr std::uint32_t width = 64, inner = 128, layers = 2, tokens = 3 + 256;

  [[nodiscard]] std::filesystem::path written(TestGguf const& gguf, std::string const& name) const {
    auto const path = file(name + ".gguf");
    gguf.write(path);
    return path;
  }
  static void vocabulary(TestGguf& gguf) {
    std::vector<std::string> names{"<unk>", "<s>", "</s>"};
    std::vector<std::int32_t> kinds{2, 3, 3};
    for (int byte = 0; byte < 256; ++byte) {
      char name[7];
      std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
      names.emplace_back(name);
      kinds.push_back(6);
    }
    gguf.text("tokenizer.ggml.model", "llama");
    gguf.list("tokenizer.ggml.tokens", names);
    gguf.list("tokenizer.ggml.scores", std::vector<float>(names.size(), 0.0F));
    gguf.list("tokenizer.ggml.token_type", kinds);
    gguf.number("tokenizer.ggml.bos_token_id", std::uint32_t{1});
    gguf.number("tokenizer.ggml.eos_token_id", std::uint32_t{2});
    gguf.number("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
    gguf.flag("tokenizer.ggml.add_space_prefix", false);
    gguf.text("tokenizer.chat_template",
              "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
              "'\n'}}{% endfor %}");
  }
  /// Even, not normal: the same numbers from every standard library.
  static void matrix(TestGguf& gguf, std::string const& name, std::uint32_t columns, std::uint32_t rows, float size,
                     std::mt19937& chance) {
    std::vector<float> values(std::size_t{columns} * rows);
    for (auto& each : values) each = (static_cast<float>(chance() >> 8) / (1 << 23) - 1) * size;
    gguf.tensor(name, columns, rows, values);
  }
  static void ones(TestGguf& gguf, std::string const& name) { gguf.tensor(name, width, 0, std::vector<float>(width, 1.0F)); }

  core::TestFolder const folder_;
};

}  // namespace parley::engine
