#include "guard/pattern_set.hpp"

#include <fmt/format.h>
#include <hs/hs.h>

#include <map>
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

struct Found {
  unsigned id;
  std::size_t begin, end;
};

int keep(unsigned id, unsigned long long from, unsigned long long to, unsigned, void* context) {
  static_cast<std::vector<Found>*>(context)->push_back({id, from, to});
  return 0;
}

core::Result<Database> compile_pass(std::vector<PatternSet::Pattern const*> const& patterns) {
  std::vector<char const*> expressions;
  std::vector<unsigned> flags, ids;
  for (auto const* pattern : patterns) {
    expressions.push_back(pattern->expression.c_str());
    flags.push_back((pattern->caseless ? HS_FLAG_CASELESS : 0U) | (pattern->with_start ? HS_FLAG_SOM_LEFTMOST : 0U));
    ids.push_back(pattern->id);
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  auto const done = hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(patterns.size()),
                                     HS_MODE_BLOCK, nullptr, &database, &error);
  if (done == HS_SUCCESS) return Database(database);
  auto const which = error != nullptr && error->expression >= 0
                         ? patterns[static_cast<std::size_t>(error->expression)]->expression
                         : std::string();
  auto const why = error != nullptr ? std::string(error->message) : std::string("the processor is not supported");
  hs_free_compile_error(error);
  return core::fail(core::Code::unavailable, fmt::format("the guard's patterns cannot be compiled: {}", why), which);
}

}  // namespace

struct PatternSet::State {
  std::vector<Database> passes;
  Scratch first;  ///< fits all of them; every other one is its clone
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
  std::map<unsigned, std::vector<Pattern const*>> passes;
  for (auto const& pattern : patterns) passes[pattern.pass].push_back(&pattern);
  hs_scratch_t* scratch = nullptr;
  for (auto const& [number, pass] : passes) {
    auto database = compile_pass(pass);
    if (!database) return std::unexpected(database.error());
    auto const fits = hs_alloc_scratch(database->get(), &scratch);  // grown, when there is one
    (void)state->first.release();
    state->first.reset(scratch);
    if (fits != HS_SUCCESS) return core::fail(core::Code::unavailable, "there is not enough memory for the guard's patterns");
    state->passes.push_back(std::move(*database));
  }
  return PatternSet(std::move(state));
}

core::Result<void> PatternSet::scan(std::string_view text, Hit const& hit) const {
  if (state_->passes.empty() || text.empty()) return {};
  auto scratch = state_->take();
  if (!scratch) return core::fail(core::Code::unavailable, "there is not enough memory to look through a text");
  std::vector<Found> found;
  hs_error_t done = HS_SUCCESS;
  for (auto const& pass : state_->passes) {
    done = hs_scan(pass.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch.get(), keep, &found);
    if (done != HS_SUCCESS) break;
  }
  state_->give_back(std::move(scratch));
  if (done != HS_SUCCESS) return core::fail(core::Code::unavailable, fmt::format("looking through a text failed ({})", done));
  for (auto const& each : found) hit(each.id, each.begin, each.end);
  return {};
}

}  // namespace parley::guard
