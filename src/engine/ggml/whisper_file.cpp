#include "engine/ggml/whisper_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

namespace parley::engine {
namespace {

constexpr std::uint32_t magic = 0x67676d6c;  // "ggml"

class Walk {
 public:
  explicit Walk(std::filesystem::path const& path) : in_(path, std::ios::binary) {
    std::error_code error;
    left_ = std::filesystem::file_size(path, error);
    if (error) left_ = 0;
  }

  bool number(std::int32_t& value) {
    std::array<char, 4> bytes{};
    if (left_ < bytes.size() || !in_.read(bytes.data(), bytes.size())) return false;
    left_ -= bytes.size();
    std::memcpy(&value, bytes.data(), bytes.size());
    return true;
  }
  bool number_within(std::int32_t& value, std::int32_t low, std::int32_t high) {
    return number(value) && value >= low && value <= high;
  }
  bool skip(std::uint64_t count) {
    if (left_ < count) return false;
    left_ -= count;
    return static_cast<bool>(in_.ignore(static_cast<std::streamsize>(std::min<std::uint64_t>(count, small))) &&
                             (count <= small || in_.seekg(static_cast<std::streamoff>(count - small), std::ios::cur)));
  }
  [[nodiscard]] bool at_end() const { return left_ == 0; }
  [[nodiscard]] bool open() const { return in_.is_open(); }

 private:
  static constexpr std::uint64_t small = 64;  // a seek throws the buffer away: words are cheaper read than jumped over
  std::ifstream in_;
  std::uint64_t left_ = 0;
};

bool header(Walk& walk) {
  std::int32_t value = 0;
  if (!walk.number(value) || static_cast<std::uint32_t>(value) != magic) return false;
  // vocabulary, audio: context, width, heads, layers; text: the same; mel bands, type of the weights (0 float32, 1 float16,
  // higher ones quantised, thousands count ggml's quantisation version)
  constexpr std::array<std::array<std::int32_t, 2>, 11> ranges{
      {{1, 200000}, {1, 1500}, {1, 8192}, {1, 128}, {1, 128}, {1, 448}, {1, 8192}, {1, 128}, {1, 128}, {80, 128}, {0, 9999}}};
  return std::ranges::all_of(ranges, [&](auto const& range) { return walk.number_within(value, range[0], range[1]); });
}

bool filters_and_words(Walk& walk) {
  std::int32_t bands = 0;
  std::int32_t bins = 0;
  std::int32_t words = 0;
  if (!walk.number_within(bands, 80, 128) || !walk.number_within(bins, 201, 201)) return false;
  if (!walk.skip(static_cast<std::uint64_t>(bands) * static_cast<std::uint64_t>(bins) * sizeof(float))) return false;
  if (!walk.number_within(words, 1, 200000)) return false;
  for (std::int32_t i = 0; i < words; ++i) {
    std::int32_t length = 0;
    if (!walk.number_within(length, 0, 1024) || !walk.skip(static_cast<std::uint64_t>(length))) return false;
  }
  return true;
}

/// Bytes of `count` numbers of a ggml type as whisper's files use them; 0 when the type is none of them.
std::uint64_t bytes_of(std::int32_t type, std::uint64_t count) {
  constexpr std::array<std::array<std::uint64_t, 3>, 7> types{
      {{0, 1, 4}, {1, 1, 2}, {2, 32, 18}, {3, 32, 20}, {6, 32, 22}, {7, 32, 24}, {8, 32, 34}}};  // type, block, bytes a block
  for (auto const& [id, block, bytes] : types) {
    if (static_cast<std::uint64_t>(type) == id) return count % block == 0 ? count / block * bytes : 0;
  }
  return 0;
}

bool tensor(Walk& walk) {
  std::int32_t rank = 0;
  std::int32_t name = 0;
  std::int32_t type = 0;
  if (!walk.number_within(rank, 1, 4) || !walk.number_within(name, 1, 128) || !walk.number(type)) return false;
  std::uint64_t count = 1;
  for (std::int32_t i = 0; i < rank; ++i) {
    std::int32_t length = 0;
    if (!walk.number_within(length, 1, 200000)) return false;
    count *= static_cast<std::uint64_t>(length);
  }
  std::uint64_t const bytes = bytes_of(type, count);
  return bytes > 0 && walk.skip(static_cast<std::uint64_t>(name)) && walk.skip(bytes);
}

}  // namespace

core::Result<void> check_whisper_file(std::filesystem::path const& path) {
  Walk walk(path);
  if (!walk.open()) {
    return core::fail(core::Code::unavailable, "the Whisper model is not there; get it with `parley models pull`",
                      path.string());
  }
  bool good = header(walk) && filters_and_words(walk) && !walk.at_end();
  while (good && !walk.at_end()) good = tensor(walk);
  if (good) return {};
  return core::fail(core::Code::unavailable,
                    "the Whisper model is damaged or cut short; check it with `parley models verify` and pull it again",
                    path.string());
}

}  // namespace parley::engine
