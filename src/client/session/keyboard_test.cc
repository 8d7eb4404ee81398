#include "client/session/keyboard.h"

#include <gtest/gtest.h>

namespace postern::client {
namespace {

// What is sent when the keys come one by one, and then in one piece: both must agree.
std::string sent(std::string_view keys) {
  EscapeKeys whole;
  const auto all = whole.on_keys(keys).send;
  EscapeKeys single;
  std::string collected;
  for (const char key : keys) {
    const auto step = single.on_keys({&key, 1});
    collected += step.send;
    if (step.action == KeyAction::kDisconnect) break;
  }
  EXPECT_EQ(all, collected);
  return all;
}

TEST(EscapeKeys, PassesWhatIsNoEscape) {
  EXPECT_EQ(sent("ls ~/x\r"), "ls ~/x\r");
  EXPECT_EQ(sent("a~.b"), "a~.b");
  EXPECT_EQ(sent("\r~x"), "\r~x");
  EXPECT_EQ(sent("~~"), "~");
  EXPECT_EQ(sent("~~."), "~.");
  EXPECT_EQ(sent("~\r~~"), "~\r~");
}

TEST(EscapeKeys, DisconnectsAfterEnterAndAtTheStart) {
  EscapeKeys keys;
  EXPECT_EQ(keys.on_keys("ls\r~.rest").action, KeyAction::kDisconnect);
  EscapeKeys at_start;
  const auto step = at_start.on_keys("~.");
  EXPECT_EQ(step.action, KeyAction::kDisconnect);
  EXPECT_EQ(step.send, "");
}

TEST(EscapeKeys, ShowsHelpAndCanBeSwitchedOff) {
  EscapeKeys keys;
  EXPECT_TRUE(keys.on_keys("~?").show.starts_with(
      "\r\nSupported escape sequence commands:\r\n  ~? - this help message\r\n"));
  EXPECT_EQ(keys.on_keys("~-").show, "\r\nEscape sequences disabled for this session.\r\n");
  const auto step = keys.on_keys("\r~.");
  EXPECT_EQ(step.action, KeyAction::kNone);
  EXPECT_EQ(step.send, "\r~.");
}

TEST(AsOfficialClientSends, TurnsALoneLineFeedIntoEnter) {
  EXPECT_EQ(as_official_client_sends("\n"), "\r");
  EXPECT_EQ(as_official_client_sends("ls\n"), "ls\n");
  EXPECT_EQ(as_official_client_sends("\n\n"), "\n\n");
}

}  // namespace
}  // namespace postern::client
