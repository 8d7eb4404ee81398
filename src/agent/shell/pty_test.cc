#include "agent/shell/pty.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "agent/process/login.h"
#include "agent/process/process_session.h"

namespace postern::agent {
namespace {

/// Runs `sh -c script` on a terminal.
class TerminalTest : public testing::Test {
 protected:
  static PtyCommand shell(const std::string& script) {
    PtyCommand command;
    command.program = "/bin/sh";
    command.fallback_program = "/bin/sh";
    command.arguments = {"sh", "-c", script};
    command.environment = {"PATH=/usr/bin:/bin", "MARK=set"};
    command.directory = "/tmp";
    return command;
  }
  /// Everything printed until `mark`, or until the terminal hangs up.
  static std::string read_until(int master, std::string_view mark) {
    std::string text;
    char buffer[4096];
    while (mark.empty() || !text.contains(mark)) {
      pollfd ready{master, POLLIN, 0};
      if (::poll(&ready, 1, 20'000) <= 0) return text + "<nothing for 20 s>";
      const auto got = ::read(master, buffer, sizeof buffer);
      if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EAGAIN)) break;
    }
    return text;
  }
  static std::string output_of(const PtyCommand& command) {
    const Pty pty(command, {80, 24});
    auto text = read_until(pty.master(), "");
    EXPECT_EQ(::waitpid(pty.pid(), nullptr, 0), pty.pid());
    return text;
  }
};

TEST_F(TerminalTest, RunsOnATerminalOfTheGivenSize) {
  EXPECT_EQ(output_of(shell("stty size; pwd")), "24 80\r\n/tmp\r\n");
}

TEST_F(TerminalTest, GivesNothingOfItsOwnEnvironment) {
  ::setenv("POSTERN_TEST_SECRET", "leak", 1);
  const auto text = output_of(shell("env"));
  EXPECT_NE(text.find("MARK=set"), std::string::npos);
  EXPECT_EQ(text.find("POSTERN_TEST_SECRET"), std::string::npos);
}

TEST_F(TerminalTest, GivesNoDescriptorOfItsOwn) {
  // A number that a shell doesn't use by itself.
  const int leaky = ::fcntl(STDERR_FILENO, F_DUPFD, 700);
  ASSERT_GE(leaky, 700);
  EXPECT_EQ(output_of(shell("test -e /proc/$$/fd/" + std::to_string(leaky) + " || echo closed")),
            "closed\r\n");
  ::close(leaky);
}

TEST_F(TerminalTest, ResetsSignals) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto text = output_of(shell("grep -E 'Sig(Ign|Blk)' /proc/self/status"));
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_NE(text.find("SigIgn:\t0000000000000000"), std::string::npos) << text;
  EXPECT_NE(text.find("SigBlk:\t0000000000000000"), std::string::npos) << text;
}

TEST_F(TerminalTest, FallsBackWhenTheProgramOrDirectoryIsMissing) {
  auto command = shell("pwd");
  command.program = "/nonexistent/shell";
  command.directory = "/nonexistent";
  EXPECT_EQ(output_of(command), "/\r\n");
}

TEST_F(TerminalTest, TellsTheForegroundOfAResize) {
  const Pty pty(shell("trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"), {80, 24});
  read_until(pty.master(), "ready");
  resize_terminal(pty.master(), {132, 43});
  EXPECT_NE(read_until(pty.master(), "43 132").find("43 132"), std::string::npos);
  ::waitpid(pty.pid(), nullptr, 0);
}

TEST_F(TerminalTest, FindsAndKillsTheWholeSession) {
  const Pty pty(shell("trap '' HUP; sleep 1000 & sleep 1000 & echo started; wait"), {80, 24});
  read_until(pty.master(), "started");
  EXPECT_EQ(session_members(pty.pid()).size(), 3u);
  EXPECT_TRUE(signal_session(pty.pid(), SIGKILL));
  ::waitpid(pty.pid(), nullptr, 0);
  // The rest is reaped by whoever inherits it, soon.
  for (int i = 0; i < 2000 && !session_members(pty.pid()).empty(); ++i) ::usleep(1000);
  EXPECT_TRUE(session_members(pty.pid()).empty());
}

TEST(ProcessStat, SurvivesAnyCommandName) {
  EXPECT_EQ(parse_process_stat("12 (sh) S 1 12 7 34816").session, 7);
  EXPECT_EQ(parse_process_stat("12 (a) S 1 (b) S 1 12 7 0").session, 7);
  EXPECT_TRUE(parse_process_stat("12 (sh) Z 1 12 7 0").zombie);
  for (const char* bad : {"", "12", "12 (sh)", "12 (sh) S", "12 (sh) S 1"}) {
    EXPECT_EQ(parse_process_stat(bad).session, 0) << bad;
  }
}

TEST(Login, MakesACleanEnvironment) {
  const LoginUser user{"alice", 1000, 1000, {1000}, "/home/alice", "/usr/bin/zsh"};
  const auto environment = login_environment(user, "");
  EXPECT_EQ(environment,
            (std::vector<std::string>{"HOME=/home/alice", "USER=alice", "LOGNAME=alice", "SHELL=/usr/bin/zsh",
                                      "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games",
                                      "LANG=C.UTF-8", "TERM=xterm-256color"}));
  EXPECT_EQ(login_environment(user, "cs_CZ.UTF-8")[5], "LANG=cs_CZ.UTF-8");
  EXPECT_EQ(login_shell_name(user), "-zsh");
}

TEST(Login, KnowsTheCurrentUser) {
  const auto user = current_user();
  EXPECT_EQ(user.uid, ::geteuid());
  EXPECT_EQ(::access(user.shell.c_str(), X_OK), 0) << user.shell;
}

}  // namespace
}  // namespace postern::agent
