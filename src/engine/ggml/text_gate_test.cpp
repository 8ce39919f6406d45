#include "engine/ggml/text_gate.hpp"

#include <gtest/gtest.h>

#include "core/utf8.hpp"

namespace parley::engine {
namespace {

TEST(TextGate, LetsWholeCharactersOut) {
  std::string const text = "你好, world 🙂!";
  TextGate gate({});
  std::string out;
  for (char const byte : text) {
    std::string const part = gate.push(std::string_view(&byte, 1));
    EXPECT_TRUE(core::is_valid_utf8(part));
    out += part;
  }
  EXPECT_EQ(out + gate.finish(), text);
}

TEST(TextGate, AnUnfinishedCharacterIsNeverShown) {
  TextGate gate({});
  EXPECT_EQ(gate.push("ok \xE4\xBD"), "ok ");
  EXPECT_EQ(gate.finish(), "");
}

TEST(TextGate, StopsBeforeTheStopString) {
  TextGate gate({"\nUser:", "。"});
  EXPECT_EQ(gate.push("Hello\nUs"), "Hello");
  EXPECT_EQ(gate.push("ually"), "\nUsually");
  EXPECT_EQ(gate.push(" fine\nUser"), " fine");
  EXPECT_FALSE(gate.stopped());
  EXPECT_EQ(gate.push(": and more"), "");
  EXPECT_TRUE(gate.stopped());
  EXPECT_EQ(gate.push("later"), "");
  EXPECT_EQ(gate.finish(), "");
}

TEST(TextGate, TheFirstOfSeveralStopsCounts) {
  TextGate gate({"two", "one"});
  EXPECT_EQ(gate.push("zero one two"), "zero ");
  EXPECT_TRUE(gate.stopped());
}

TEST(TextGate, ChineseStopWithinOnePiece) {
  TextGate gate({"。"});
  EXPECT_EQ(gate.push("你好\xE3\x80"), "你好");
  EXPECT_EQ(gate.push("\x82再见"), "");
  EXPECT_TRUE(gate.stopped());
}

TEST(TextGate, WhatWasHeldBackComesAtTheEnd) {
  TextGate gate({"STOP", ""});
  EXPECT_EQ(gate.push("the ST"), "the ");
  EXPECT_EQ(gate.finish(), "ST");
}

}  // namespace
}  // namespace parley::engine
