#include "agent/shell/shell_session.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "agent/testing/session_fixture.h"

namespace postern::agent {
namespace {

class ShellSessionTest : public testing::SessionFixture {
 protected:
  void wait_for_output(const std::string& text) {
    run_until([&] { return client.output.contains(text); }, text.c_str());
  }
};

TEST_F(ShellSessionTest, CommandsOfTheDocumentReplaceTheShell) {
  start(wire::kStandardStream, R"({"linux":{"commands":"test -t 0 && echo on-a-terminal"}})");
  run_to_completion();
  EXPECT_EQ(completion(), "Success: ");
  EXPECT_EQ(client.output, "on-a-terminal\r\n");
}

TEST_F(ShellSessionTest, Trap29AndControlPlaneTrap24_InteractiveCommandsRunInATerminalWithoutAHandshake) {
  start(wire::kInteractiveCommands, R"({"linux":{"commands":"read -r line; echo got-$line"}})");
  run_until([&] { return client.connected(); }, "the connection");
  client.type("it\r");
  run_to_completion();
  EXPECT_TRUE(client.output.ends_with("got-it\r\n")) << client.output;
  EXPECT_EQ(client.handshake().agent_version(), "") << "no request for a handshake has come";
}

// Official agents wait for the rest of a character, and lose it with the end of the shell.
TEST_F(ShellSessionTest, Trap54_BytesAreSentAsTheyComeWhetherOrNotTheyAreCharacters) {
  start(wire::kStandardStream,
        R"({"linux":{"commands":"printf '\\303'; read -r line; printf '\\357\\277\\275\\342\\202'"}})");
  wait_for_output("\xc3");
  client.type("\r");
  run_to_completion();
  EXPECT_TRUE(client.output.ends_with("\xef\xbf\xbd\xe2\x82")) << client.output;
}

TEST_F(ShellSessionTest, InteractiveCommandsNeedACommand) {
  start(wire::kInteractiveCommands, "{}");
  EXPECT_EQ(completion(), "Failed: The session document has no commands for Linux.");
}

TEST_F(ShellSessionTest, TypesTheProfileFirst) {
  start(wire::kStandardStream,
        R"({"linux":{"commands":"read -r line; echo profile:$line; read -r line; echo person:$line"}})",
        R"({"shellProfile":{"linux":"typed first"}})");
  client.type("typed second\r");
  run_to_completion();
  EXPECT_TRUE(client.output.contains("profile:typed first\r\n") &&
              client.output.contains("person:typed second\r\n"))
      << client.output;
}

TEST_F(ShellSessionTest, TheProfileIsForShellsOnly) {
  start(wire::kInteractiveCommands, R"({"linux":{"commands":"read -r line; echo got:$line"}})",
        R"({"shellProfile":{"linux":"typed"}})");
  client.type("mine\r");
  run_to_completion();
  EXPECT_TRUE(client.output.contains("got:mine\r\n")) << client.output;
}

TEST_F(ShellSessionTest, ShowsTheServicesNoticesOnLinesOfTheirOwn) {
  start(wire::kStandardStream, R"({"linux":{"commands":"echo ready; read -r line"}})");
  wait_for_output("ready");
  client.notify("This session ends in a minute.");
  wait_for_output("\r\nThis session ends in a minute.\r\n");
}

TEST_F(ShellSessionTest, RunsAsTheUserOfThePreferencesOnATerminalOfItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  start(
      wire::kStandardStream,
      R"({"linux":{"commands":"id -un; id -G; stat -c %U $(tty); echo $USER; kill -0 1 || echo powerless"}})",
      R"({"runAsEnabled":true,"runAsDefaultUser":"nobody"})");
  run_to_completion();
  EXPECT_TRUE(client.output.starts_with("nobody\r\n65534\r\nnobody\r\nnobody\r\n")) << client.output;
  EXPECT_TRUE(client.output.ends_with("powerless\r\n")) << client.output;
}

TEST_F(ShellSessionTest, RefusesARunAsWithoutAUser) {
  start(wire::kStandardStream, "{}", R"({"runAsEnabled":true,"runAsDefaultUser":" "})");
  EXPECT_TRUE(completion().starts_with("Failed: Run as is enabled, but no user is named")) << completion();
}

// control-plane.md 9: one wrong type means that the message can't be trusted; here the person is told.
TEST_F(ShellSessionTest, ControlPlaneTrap22_SaysWhichInputHasTheWrongType) {
  start(wire::kStandardStream, "{}", R"({"runAsDefaultUser":7})");
  EXPECT_TRUE(
      completion().starts_with("Failed: The session document's inputs can't be read: runAsDefaultUser"))
      << completion();
}

}  // namespace
}  // namespace postern::agent
