// However a text is cut, the same comes out, and nothing crashes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "guard/guard.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace parley::guard;
  static auto const guard = [] {
    Policy policy;
    policy.words.push_back({"list", {"赌博", "casino"}, true, {Action::mask, Action::mask, Action::mask}});
    return Guard::compile(policy).value();
  }();
  if (size < 2) return 0;
  std::size_t const step = 1 + data[0] % 7;
  std::string const text(reinterpret_cast<char const*>(data) + 1, size - 1);
  auto const whole = guard->check(Direction::out, text);
  auto gate = guard->open(Direction::out);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) out += gate.push(std::string_view(text).substr(at, step));
  out += gate.finish();
  if (out != whole.released || gate.findings().size() != whole.findings.size()) std::abort();
  return 0;
}
