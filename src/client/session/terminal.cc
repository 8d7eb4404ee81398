#include "client/session/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "base/check.h"

namespace postern::client {
namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// What the crash handler needs; set before it is installed and not changed while it is. A handler can be
// given nothing else.
struct Saved {
  int fd = -1;
  termios mode{};
  std::array<struct sigaction, kCrashes.size()> handlers{};
};
Saved& saved() {
  static Saved instance;
  return instance;
}

// Only async-signal-safe calls. SA_RESETHAND has put the default action back, so the signal then ends the
// process.
void on_crash(int signal) {
  ::tcsetattr(saved().fd, TCSANOW, &saved().mode);
  ::raise(signal);
}

}  // namespace

wire::TerminalSize terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {300, 100};
  return {size.ws_col, size.ws_row};
}

RawTerminal::RawTerminal(int fd) {
  POSTERN_CHECK(saved().fd == -1);
  termios mode{};
  if (::tcgetattr(fd, &mode) != 0) return;
  saved().fd = fd;
  saved().mode = mode;
  active_ = true;
  struct sigaction action{};
  action.sa_handler = on_crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &action, &saved().handlers[i]);
  ::cfmakeraw(&mode);
  // TCSADRAIN would wait for ever on a terminal that is stopped.
  raw_ = ::tcsetattr(fd, TCSANOW, &mode) == 0;
}

void RawTerminal::restore() {
  if (!raw_) return;
  raw_ = false;
  // In a background process group this write raises SIGTTOU, whose default action would stop us just before
  // the end.
  struct sigaction ignore{};
  struct sigaction former{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGTTOU, &ignore, &former);
  ::tcsetattr(saved().fd, TCSANOW, &saved().mode);
  ::sigaction(SIGTTOU, &former, nullptr);
}

RawTerminal::~RawTerminal() {
  if (!active_) return;
  restore();
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &saved().handlers[i], nullptr);
  saved().fd = -1;
}

}  // namespace postern::client
