#include "guard/pattern_set.hpp"

#include <fmt/format.h>
#include <hs/hs.h>

#include <mutex>

namespace parley::guard {
namespace {

struct FreeDatabase {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct FreeScratch {
  void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;
using Scratch = std::unique_ptr<hs_scratch_t, FreeScratch>;

int forward(unsigned id, unsigned long long from, unsigned long long to, unsigned, void* context) {
  (*static_cast<PatternSet::Hit const*>(context))(id, from, to);
  return 0;
}

}  // namespace

struct PatternSet::State {
  Database database;
  Scratch first;  ///< every other one is its clone
  std::mutex mutex;
  std::vector<Scratch> idle;

  /// A scratch serves one scan at a time; as many are made as there are scans at once.
  Scratch take() {
    std::lock_guard lock(mutex);
    if (!idle.empty()) {
      auto scratch = std::move(idle.back());
      idle.pop_back();
      return scratch;
    }
    hs_scratch_t* made = nullptr;
    return hs_clone_scratch(first.get(), &made) == HS_SUCCESS ? Scratch(made) : Scratch();
  }
  void give_back(Scratch scratch) {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(scratch));
  }
};

PatternSet::PatternSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;
PatternSet::~PatternSet() = default;

core::Result<PatternSet> PatternSet::compile(std::vector<Pattern> const& patterns) {
  auto state = std::make_unique<State>();
  if (patterns.empty()) return PatternSet(std::move(state));
  std::vector<char const*> expressions;
  std::vector<unsigned> flags, ids;
  for (auto const& pattern : patterns) {
    expressions.push_back(pattern.expression.c_str());
    flags.push_back((pattern.caseless ? HS_FLAG_CASELESS : 0U) | (pattern.with_start ? HS_FLAG_SOM_LEFTMOST : 0U));
    ids.push_back(pattern.id);
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  auto const done = hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(patterns.size()),
                                     HS_MODE_BLOCK, nullptr, &database, &error);
  if (done != HS_SUCCESS) {
    auto const which = error != nullptr && error->expression >= 0
                           ? patterns[static_cast<std::size_t>(error->expression)].expression
                           : std::string();
    auto const why = error != nullptr ? std::string(error->message) : std::string("the processor is not supported");
    hs_free_compile_error(error);
    return core::fail(core::Code::unavailable, fmt::format("the guard's patterns cannot be compiled: {}", why), which);
  }
  state->database.reset(database);
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
    return core::fail(core::Code::unavailable, "there is not enough memory for the guard's patterns");
  }
  state->first.reset(scratch);
  return PatternSet(std::move(state));
}

core::Result<void> PatternSet::scan(std::string_view text, Hit const& hit) const {
  if (!state_->database || text.empty()) return {};
  auto scratch = state_->take();
  if (!scratch) return core::fail(core::Code::unavailable, "there is not enough memory to look through a text");
  auto context = hit;
  auto const done =
      hs_scan(state_->database.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch.get(), forward, &context);
  state_->give_back(std::move(scratch));
  if (done != HS_SUCCESS) return core::fail(core::Code::unavailable, fmt::format("looking through a text failed ({})", done));
  return {};
}

}  // namespace parley::guard
