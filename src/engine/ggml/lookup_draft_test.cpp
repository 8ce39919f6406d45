#include "engine/ggml/lookup_draft.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace parley::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Tokens = std::vector<LookupDraft::Token>;

TEST(LookupDraft, GoesOnAsItDidBefore) {
  LookupDraft draft;
  EXPECT_THAT(draft.next(Tokens{1, 2, 3, 4, 5, 9, 1, 2, 3}, 8), ElementsAre(4, 5));
  EXPECT_THAT(draft.next(Tokens{1, 2, 3, 4, 5, 9, 1, 2, 3}, 1), ElementsAre(4));
  EXPECT_THAT(draft.next(Tokens{1, 2, 3, 4, 5, 9, 1, 2, 3}, 0), IsEmpty());
}

TEST(LookupDraft, NothingForWhatIsNew) {
  LookupDraft draft;
  EXPECT_THAT(draft.next(Tokens{}, 8), IsEmpty());
  EXPECT_THAT(draft.next(Tokens{1}, 8), IsEmpty());
  EXPECT_THAT(draft.next(Tokens{1, 2, 3, 4, 5, 6}, 8), IsEmpty());
  EXPECT_THAT(draft.next(Tokens{2, 3, 7, 8, 2, 3}, 8), IsEmpty()) << "two tokens stand together by chance";
}

TEST(LookupDraft, TheLongestMatchCountsAndOfEqualOnesTheLast) {
  LookupDraft draft;
  EXPECT_THAT(draft.next(Tokens{1, 2, 3, 4, 50, 7, 2, 3, 4, 60, 1, 2, 3, 4}, 1), ElementsAre(50));
  EXPECT_THAT(draft.next(Tokens{2, 3, 4, 50, 7, 2, 3, 4, 60, 9, 2, 3, 4}, 1), ElementsAre(60));
}

TEST(LookupDraft, ARunMayOverlapItself) {
  LookupDraft draft;
  EXPECT_THAT(draft.next(Tokens{5, 5, 5, 5, 5}, 8), ElementsAre(5)) << "no more than is written";
}

TEST(LookupDraft, LongerWhenItIsRightAndNoneWhenItIsWrong) {
  Tokens text;
  for (int i = 0; i < 40; ++i) text.push_back(i);
  text.insert(text.end(), {3, 4, 5});
  LookupDraft draft;
  for (int i = 0; i < 30; ++i) draft.drawn(2, 2);
  EXPECT_THAT(draft.next(text, 100), SizeIs(LookupDraft::longest));
  for (int i = 0; i < 30; ++i) draft.drawn(2, 0);
  EXPECT_THAT(draft.next(text, 100), IsEmpty());
  std::size_t waited = 0;
  while (draft.next(text, 100).empty() && waited < 1000) ++waited;
  EXPECT_GT(waited, 30U) << "then it costs nothing for a while";
  EXPECT_LT(waited, 200U) << "and is tried again";
}

}  // namespace
}  // namespace parley::engine
