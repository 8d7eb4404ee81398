#include "client/plain_text.h"

#include <gtest/gtest.h>

namespace postern::client {
namespace {

TEST(Harmless, ReplacesWhatCouldSteerATerminal) {
  EXPECT_EQ(harmless("web-1 \xc3\xa4\xe1\x88\xb4\xf0\x9f\x98\x80"),
            "web-1 \xc3\xa4\xe1\x88\xb4\xf0\x9f\x98\x80");
  EXPECT_EQ(harmless("\x1b[31mred\x07\r\n\x7f"), "?[31mred????");
  // CSI as one character of C1, and a right-to-left override.
  EXPECT_EQ(harmless("\xc2\x9b"
                     "2J"),
            "?2J");
  EXPECT_EQ(harmless("a\xe2\x80\xae"
                     "b"),
            "a?b");
  EXPECT_EQ(harmless("\xff\xc0\x9b\xed\xa0\x80\xe1\x88"), "????????");
}

TEST(FormatTable, AlignsByCharacters) {
  EXPECT_EQ(format_table({"NODE", "NAME", "LAST"}, {{"mi-1", "w\xc3\xa4", "x"}, {"mi-22", "", ""}}),
            "NODE   NAME  LAST\n"
            "mi-1   w\xc3\xa4    x\n"
            "mi-22\n");
}

}  // namespace
}  // namespace postern::client
