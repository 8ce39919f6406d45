// However a text is cut, the same comes out, and nothing crashes.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "guard/guard.hpp"
#include "guard/scanner.hpp"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

constexpr std::chrono::year_month_day today{std::chrono::year{2026}, std::chrono::month{11}, std::chrono::day{24}};

parley::guard::Guard const& guard() {
  using namespace parley::guard;
  static auto const compiled = [] {
    Policy policy;
    policy.words.push_back({"list", {"赌博", "casino"}, true, {Action::mask, Action::mask, Action::mask}});
    return Guard::compile(policy).value();
  }();
  return *compiled;
}

}  // namespace

/// Compiling the patterns takes seconds under the sanitizers: no input is to be blamed for them.
int LLVMFuzzerInitialize(int*, char***) {
  (void)guard();
  return 0;
}

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using parley::guard::Direction;
  if (size < 2) return 0;
  std::size_t const step = 1 + data[0] % 7;
  std::string const text(reinterpret_cast<char const*>(data) + 1, size - 1);
  auto const whole = guard().check(Direction::out, text);
  auto gate = guard().open(Direction::out);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) out += gate.push(std::string_view(text).substr(at, step));
  out += gate.finish();
  if (out != whole.released || gate.findings().size() != whole.findings.size()) std::abort();
  // The first look lets nothing through that the detectors would find.
  parley::guard::Scanner::Options options{.final = true, .released = 0, .today = today, .skip_first_look = false};
  auto const quick = guard().scanner().scan(text, options).hits.size();
  options.skip_first_look = true;
  if (quick != guard().scanner().scan(text, options).hits.size()) std::abort();
  return 0;
}
