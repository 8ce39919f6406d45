#include "conversation/ids.hpp"

namespace parley::conversation {

// SplitMix64 (Steele, Lea, Flood 2014): one addition and two multiplications a number, a full period, and a plain value.
std::uint64_t Ids::draw() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

std::string Ids::name(std::string_view prefix) {
  static constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr int letters = 21;
  constexpr int letters_a_draw = 7;
  std::string id(prefix);
  std::uint64_t noise = 0;
  for (int i = 0; i < letters; ++i) {
    if (i % letters_a_draw == 0) noise = draw();
    id += alphabet[noise % alphabet.size()];
    noise /= alphabet.size();
  }
  return id;
}

}  // namespace parley::conversation
