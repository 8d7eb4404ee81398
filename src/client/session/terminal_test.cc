#include "client/session/terminal.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace postern::client {
namespace {

class Pty : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::openpty(&master_, &slave_, nullptr, nullptr, nullptr), 0); }
  void TearDown() override {
    ::close(master_);
    ::close(slave_);
  }
  termios mode() const {
    termios found{};
    EXPECT_EQ(::tcgetattr(slave_, &found), 0);
    return found;
  }
  bool is_raw() const { return (mode().c_lflag & (ICANON | ECHO | ISIG)) == 0; }
  static bool same(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
           a.c_lflag == b.c_lflag && std::memcmp(a.c_cc, b.c_cc, sizeof a.c_cc) == 0;
  }

  int master_ = -1;
  int slave_ = -1;
};

TEST_F(Pty, IsRawWhileTheObjectLivesAndThenAsBefore) {
  const auto before = mode();
  {
    RawTerminal terminal(slave_);
    EXPECT_TRUE(terminal.is_terminal());
    EXPECT_TRUE(is_raw());
    terminal.restore();
    EXPECT_TRUE(same(mode(), before));
    terminal.restore();
  }
  EXPECT_TRUE(same(mode(), before));
  RawTerminal again(slave_);
  EXPECT_TRUE(is_raw());
}

TEST_F(Pty, IsAsBeforeAfterACrash) {
  const auto before = mode();
  for (const int signal : {SIGSEGV, SIGABRT}) {
    const pid_t child = ::fork();
    if (child == 0) {
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      // The sanitizers' own handlers are not what is tested.
      ::signal(signal, SIG_DFL);
      const RawTerminal terminal(slave_);
      ::raise(signal);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_TRUE(same(mode(), before));
  }
}

TEST_F(Pty, TellsItsSize) {
  const winsize size{.ws_row = 50, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::ioctl(slave_, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(terminal_size(slave_), (wire::TerminalSize{132, 50}));
}

TEST(RawTerminal, LeavesAloneWhatIsNoTerminal) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  {
    const RawTerminal terminal(pipe[0]);
    EXPECT_FALSE(terminal.is_terminal());
  }
  EXPECT_EQ(terminal_size(pipe[1]), (wire::TerminalSize{300, 100}));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

}  // namespace
}  // namespace postern::client
