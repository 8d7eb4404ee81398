#include "agent/shell/pty.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <system_error>

namespace postern::agent {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  // execve takes char* for historical reasons and does not write.
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

winsize to_winsize(wire::TerminalSize size) {
  winsize window{};
  window.ws_col = static_cast<unsigned short>(size.cols);
  window.ws_row = static_cast<unsigned short>(size.rows);
  return window;
}

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void run_child(const PtyCommand& command, const char* slave, char* const* arguments,
                            char* const* environment) {
  ::setsid();
  const int terminal = ::open(slave, O_RDWR);
  if (terminal < 0 || ::ioctl(terminal, TIOCSCTTY, 0) != 0) ::_exit(126);
  termios modes{};
  if (::tcgetattr(terminal, &modes) == 0) {
    // So that erasing a character erases all its bytes.
    modes.c_iflag |= IUTF8;
    ::tcsetattr(terminal, TCSANOW, &modes);
  }
  for (int i = 0; i < 3; ++i) ::dup2(terminal, i);
  if (command.identity && ::fchown(terminal, command.identity->uid, static_cast<gid_t>(-1)) != 0)
    ::_exit(126);
  const auto* identity = command.identity ? &*command.identity : nullptr;
  if (!settle_child(command.directory.c_str(), identity)) ::_exit(126);
  ::execve(command.program.c_str(), arguments, environment);
  ::execve(command.fallback_program.c_str(), arguments, environment);
  ::_exit(127);
}

}  // namespace

Pty::Pty(const PtyCommand& command, wire::TerminalSize size) {
  // All that allocates happens before the fork.
  const auto arguments = pointers(command.arguments);
  const auto environment = pointers(command.environment);
  master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master_ < 0) fail("open a pseudo-terminal");
  std::array<char, 128> slave{};
  if (::grantpt(master_) != 0 || ::unlockpt(master_) != 0 ||
      ::ptsname_r(master_, slave.data(), slave.size()) != 0) {
    const int error = errno;
    ::close(master_);
    throw std::system_error(error, std::generic_category(), "prepare a pseudo-terminal");
  }
  resize_terminal(master_, size);
  pid_ = ::fork();
  if (pid_ == 0) run_child(command, slave.data(), arguments.data(), environment.data());
  if (pid_ < 0) {
    const int error = errno;
    ::close(master_);
    throw std::system_error(error, std::generic_category(), "fork");
  }
}

Pty::~Pty() {
  if (master_ >= 0) ::close(master_);
}

void resize_terminal(int master, wire::TerminalSize size) {
  const auto window = to_winsize(size);
  // It can fail only once the terminal is gone, and then nobody looks.
  (void)::ioctl(master, TIOCSWINSZ, &window);
}

}  // namespace postern::agent
