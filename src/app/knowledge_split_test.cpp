#include "app/knowledge_split.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace parley::app {
namespace {

TEST(KnowledgeSplitTest, OneLineInOneLineOut) {
  std::istringstream in(R"({"input": "aaa bbb\n\nccc ddd", "params": {"chunk_size": 10, "chunk_overlap": 0}}

{"input": "一二三", "params": {"chunk_size": 2, "chunk_overlap": 1}}
{"input": "x", "params": {"chunk_size": 0}}
no json
)");
  std::ostringstream out;
  EXPECT_EQ(knowledge_split(in, out), 1);
  EXPECT_EQ(out.str(),
            "{\"chunks\":[\"aaa bbb\",\"ccc ddd\"],\"start_index\":[0,9]}\n"
            "{\"chunks\":[\"一二\",\"二三\"],\"start_index\":[0,1]}\n"
            "{\"error\":\"the chunk size must be above 0 (chunk_size)\"}\n"
            "{\"error\":\"each line must be one JSON object with the text to split as 'input'\"}\n");
}

}  // namespace
}  // namespace parley::app
