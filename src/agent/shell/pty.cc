#include "agent/shell/pty.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string_view>
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
[[noreturn]] void become(const PtyCommand& command, const char* slave, char* const* arguments,
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
  ::close_range(3, ~0U, 0);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
  if (::chdir(command.directory.c_str()) != 0 && ::chdir("/") != 0) ::_exit(126);
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
  if (pid_ == 0) become(command, slave.data(), arguments.data(), environment.data());
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

ProcessStat parse_process_stat(std::string_view line) {
  // proc(5): pid (comm) state ppid pgrp session ...; comm may hold anything, parentheses too.
  ProcessStat stat;
  const auto close = line.rfind(')');
  if (close == std::string_view::npos || line.size() < close + 3) return stat;
  line.remove_prefix(close + 2);
  stat.zombie = line[0] == 'Z' || line[0] == 'X';
  for (int skipped = 0; skipped < 3; ++skipped) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return stat;
    line.remove_prefix(blank + 1);
  }
  std::from_chars(line.data(), line.data() + line.size(), stat.session);
  return stat;
}

std::vector<pid_t> session_members(pid_t session) {
  std::vector<pid_t> members;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return members;
  while (const auto* entry = ::readdir(proc.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (ec != std::errc{} || end != name.data() + name.size()) continue;
    const auto path = "/proc/" + std::string(name) + "/stat";
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    std::array<char, 512> line{};
    const auto size = ::read(file, line.data(), line.size());
    ::close(file);
    if (size <= 0) continue;
    const auto stat = parse_process_stat({line.data(), static_cast<std::size_t>(size)});
    if (stat.session == session && !stat.zombie) members.push_back(pid);
  }
  return members;
}

bool signal_session(pid_t session, int signal) {
  const auto members = session_members(session);
  for (const auto pid : members) ::kill(pid, signal);
  return !members.empty();
}

}  // namespace postern::agent
