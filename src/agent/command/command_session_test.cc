#include "agent/command/command_session.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include "agent/command/output_prefix.h"
#include "agent/process/process_session.h"
#include "agent/testing/session_fixture.h"
#include "wire/extensions.h"

namespace postern::agent {
namespace {

using wire::PayloadType;

class CommandSessionTest : public testing::SessionFixture {
 protected:
  void start_command(const std::string& commands, bool separate = true, const std::string& more = "") {
    const auto text = boost::json::serialize(boost::json::value(commands));
    start(wire::kNonInteractiveCommands, "{\"linux\":{\"commands\":" + text + ",\"separateOutputStream\":" +
                                             (separate ? "true" : "false") + more + "}}");
  }
  void speak_ours() { client.supported = {wire::kExtensionBulk, wire::kExtensionCommandInput}; }
  void wait_for_output(const std::string& text) {
    run_until([&] { return client.output.contains(text); }, text.c_str());
  }
};

TEST_F(CommandSessionTest, SeparatesItsStreamsAndTellsItsExitCode) {
  start_command("sh -c 'echo out; echo err >&2; exit 3'");
  run_to_completion();
  EXPECT_EQ(completion(), "Success: ");
  EXPECT_EQ(client.output, "out\n");
  EXPECT_EQ(client.error, "err\n");
  EXPECT_EQ(client.exit_code, 3);
  EXPECT_EQ(client.order.back(), PayloadType::kExitCode);
}

TEST_F(CommandSessionTest, MergesItsStreamsForADocumentThatWantsThat) {
  start_command("sh -c 'echo out; echo err >&2; exit 3'", false);
  run_to_completion();
  EXPECT_EQ(client.output, "out\nerr\n");
  EXPECT_EQ(client.error, "");
  EXPECT_FALSE(client.exit_code) << "official clients would print it";
}

TEST_F(CommandSessionTest, StreamsMergedOutputWhileItRuns) {
  start_command("sh -c 'echo first; exec sleep 1000'", false);
  wait_for_output("first");
  EXPECT_FALSE(completed);
}

TEST_F(CommandSessionTest, RunsWithoutAShellTerminalOrInput) {
  start_command("echo '$HOME' `id` > /dev/null");
  run_to_completion();
  EXPECT_EQ(client.output, "$HOME `id` > /dev/null\n");
}

TEST_F(CommandSessionTest, HasACleanEnvironmentAndASessionOfItsOwn) {
  ::setenv("POSTERN_TEST_SECRET", "leak", 1);
  start_command(
      "sh -c 'env; test -t 0 || echo no-terminal; cat; read -r stat </proc/$$/stat; set -- $stat; test $6 = "
      "$$ && echo leads'");
  run_to_completion();
  EXPECT_FALSE(client.output.contains("POSTERN_TEST_SECRET"));
  EXPECT_TRUE(client.output.contains("\nno-terminal\nleads\n")) << client.output;
}

TEST_F(CommandSessionTest, SaysWhyItCantStart) {
  start_command("/nonexistent/program x");
  run_to_completion();
  EXPECT_EQ(completion(), "Success: ");
  EXPECT_EQ(client.error, "Unable to start command: /nonexistent/program: No such file or directory\n");
  EXPECT_EQ(client.exit_code, 127);
}

TEST_F(CommandSessionTest, TellsWhatCantBeRunFromWhatIsMissing) {
  start_command("/etc/passwd");
  run_to_completion();
  EXPECT_EQ(client.error, "Unable to start command: /etc/passwd: Permission denied\n");
  EXPECT_EQ(client.exit_code, 126);
}

TEST_F(CommandSessionTest, RefusesALineThatIsNoCommand) {
  start_command("echo 'a");
  EXPECT_EQ(completion(), "Failed: The command can't be run: in the command line a ' has no counterpart.");
  completed.reset();
  start_command("  ");
  EXPECT_EQ(completion(), "Failed: The session document has no commands for Linux.");
}

TEST_F(CommandSessionTest, Trap37_RefusesEncryptionWithAReason) {
  start(wire::kNonInteractiveCommands, R"({"linux":{"commands":"true"}})", R"({"kmsKeyId":"alias/x"})");
  EXPECT_TRUE(
      completion().starts_with("Failed: The session preferences ask for encryption with the KMS key alias/x"))
      << completion();
}

TEST_F(CommandSessionTest, ControlBytesOfAnOfficialClientAreSignals) {
  start_command(
      "sh -c 'trap \"echo interrupted\" INT; trap \"echo quit; exit 4\" QUIT; echo ready; while :; do sleep "
      "0.01; done'");
  wait_for_output("ready");
  client.type("ignored");
  client.type("x\x03\x1c");
  wait_for_output("interrupted");
  client.type("\x1c");
  run_to_completion();
  EXPECT_EQ(client.output, "ready\ninterrupted\nquit\n");
  EXPECT_EQ(client.exit_code, 4);
}

// data-channel.md 10: the channel must stay alive behind a ^C that the command ignores.
TEST_F(CommandSessionTest, Trap55_AnIgnoredSignalBlocksNothing) {
  start_command(
      "sh -c 'trap \"\" INT; echo ready; trap \"echo quit; exit 0\" QUIT; while :; do sleep 0.01; done'");
  wait_for_output("ready");
  client.type("\x03");
  client.type("\x1c");
  run_to_completion();
  EXPECT_EQ(client.exit_code, 0);
}

// data-channel.md 10: what comes before the answer to the handshake is acknowledged and lost.
TEST_F(CommandSessionTest, Trap31_InputBeforeTheHandshakeIsThrownAway) {
  speak_ours();
  client.answering = false;
  start_command("cat");
  run_until([&] { return client.connected(); }, "the connection");
  client.type("lost");
  client.answering = true;
  client.take();
  run_until([&] { return client.connected() && client.handshake().complete(); }, "the handshake");
  client.type("kept");
  client.send_flag(wire::Flag::kEndOfInput);
  run_to_completion();
  EXPECT_EQ(client.output, "kept");
}

TEST_F(CommandSessionTest, TakesInputAndItsEnd) {
  speak_ours();
  start_command("sort");
  run_until([&] { return client.connected() && client.handshake().complete(); }, "the handshake");
  EXPECT_TRUE(channel::contains(client.handshake().agreed(), wire::kExtensionCommandInput));
  client.type("b\na\n");
  client.send_flag(wire::Flag::kEndOfInput);
  run_to_completion();
  EXPECT_EQ(client.output, "a\nb\n");
  EXPECT_EQ(client.exit_code, 0);
}

TEST_F(CommandSessionTest, SignalsOfOursReachTheGroup) {
  speak_ours();
  start_command("sh -c 'echo ready; sleep 1000'");
  wait_for_output("ready");
  client.send_flag(wire::signal_flag(SIGTERM));
  run_to_completion();
  EXPECT_EQ(client.exit_code, 128 + SIGTERM);
}

TEST_F(CommandSessionTest, MovesMuchBothWaysWithinItsWindow) {
  speak_ours();
  start_command("cat");
  run_until([&] { return client.connected() && client.handshake().complete(); }, "the handshake");
  constexpr std::size_t kTotal = 3'000'000;
  std::string sent;
  for (std::size_t i = 0; sent.size() < kTotal; ++i) sent += std::to_string(i) + ' ';
  std::size_t at = 0;
  bool ended = false;
  run_until(
      [&] {
        while (at < sent.size() && at - client.credit + 16'384 <= wire::kCommandInputWindow) {
          const auto chunk = std::string_view(sent).substr(at, 16'384);
          client.type(chunk);
          at += chunk.size();
        }
        if (at == sent.size() && !std::exchange(ended, true)) client.send_flag(wire::Flag::kEndOfInput);
        return completed.has_value();
      },
      "the echo of all input");
  EXPECT_TRUE(client.output == sent);
  EXPECT_LE(client.largest_payload, channel::DataChannel::kBulkPayloadBytes);
}

TEST_F(CommandSessionTest, AFloodOfInputEndsTheSession) {
  speak_ours();
  start_command("sleep 1000");
  run_until([&] { return client.connected() && client.handshake().complete(); }, "the handshake");
  const std::string chunk(64 * 1024, 'x');
  for (int i = 0; i < 12; ++i) client.type(chunk);
  run_to_completion();
  EXPECT_EQ(completion(), "Failed: The client sent more input than the command had room for.");
}

TEST_F(CommandSessionTest, InputThatNobodyReadsIsDropped) {
  speak_ours();
  start_command("sh -c 'exec <&-; echo closed; sleep 0.1; exit 5'");
  wait_for_output("closed");
  for (int i = 0; i < 20; ++i) client.type(std::string(64 * 1024, 'x'));
  run_to_completion();
  EXPECT_EQ(client.exit_code, 5);
}

TEST_F(CommandSessionTest, AClientThatDoesNotReadStopsTheCommand) {
  start_command("sh -c 'yes | head -c 100000000; echo done >&2'");
  run_until([&] { return client.output.size() > 100'000; }, "output");
  client.reading = false;
  // The window, the queues and the sockets' buffers fill, and then nothing moves.
  run_until([&] { return !driver->can_send(); }, "back-pressure");
  EXPECT_LT(client.output.size() + driver->unacknowledged_bytes(), 50'000'000U);
  EXPECT_EQ(client.error, "");
}

TEST_F(CommandSessionTest, StopKillsAllItsProcesses) {
  start_command("sh -c 'trap \"\" HUP TERM; sleep 1000 & echo ready; sleep 1000'");
  wait_for_output("ready");
  const auto session = kind->process_session();
  ASSERT_TRUE(session);
  EXPECT_EQ(session_members(*session).size(), 3U);
  bool stopped = false;
  boost::asio::co_spawn(context, kind->stop(), [&](const std::exception_ptr&) { stopped = true; });
  run_until([&] { return stopped; }, "the end of its processes");
  EXPECT_TRUE(session_members(*session).empty());
}

TEST_F(CommandSessionTest, PrefixesItsLines) {
  start_command("sh -c 'echo out; echo err >&2'", true,
                R"(,"stdOutSeparatorPrefix":"O:","stdErrSeparatorPrefix":"E:")");
  run_to_completion();
  EXPECT_EQ(client.output, "O:out\n");
  EXPECT_EQ(client.error, "E:err\n");
}

TEST_F(CommandSessionTest, RunsAsTheUserOfThePreferences) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  start(wire::kNonInteractiveCommands,
        R"({"linux":{"commands":"sh -c 'id -un; echo $HOME; echo by-name >/dev/stdout'"}})",
        R"({"runAsEnabled":true,"runAsDefaultUser":"nobody"})");
  run_to_completion();
  EXPECT_EQ(client.output, "nobody\n/nonexistent\nby-name\n");
}

TEST(OutputPrefix, StandsBeforeTheFirstChunkAndAfterEachLine) {
  OutputPrefix prefix("> ");
  std::string text;
  for (const char* chunk : {"a", "b\n", "c\nd", "e\n", "\n", "f"}) {
    text += std::string(prefix.next()) + chunk;
    prefix.on_chunk(as_bytes(chunk));
  }
  EXPECT_EQ(text, "> ab\n> c\nde\n> \n> f");
}

}  // namespace
}  // namespace postern::agent
