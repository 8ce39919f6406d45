#pragma once
// For tests: PARLEY_HOME is a folder of the test's own. Declared before everything that reads or writes there.
#include <cstdlib>

#include "core/test_folder.hpp"

namespace parley::app {

class TestHome {
 public:
  TestHome() { setenv("PARLEY_HOME", folder_.path().c_str(), 1); }
  ~TestHome() { unsetenv("PARLEY_HOME"); }
  TestHome(TestHome const&) = delete;
  TestHome& operator=(TestHome const&) = delete;

 private:
  core::TestFolder folder_;
};

}  // namespace parley::app
