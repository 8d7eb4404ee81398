#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/process/identity.h"
#include "wire/payloads.h"

namespace postern::agent {

/// What to run on a new terminal.
struct PtyCommand {
  /// An absolute path, and what to try when it can't be run; both get `arguments`.
  std::string program;
  std::string fallback_program;
  /// argv, from argv[0].
  std::vector<std::string> arguments;
  /// `NAME=value`, all of it.
  std::vector<std::string> environment;
  /// Where it starts; / when that can't be entered.
  std::string directory;
  /// Nothing: this process's own.
  std::optional<Identity> identity = std::nullopt;
};

/// A process that leads a session of its own on a new pseudo-terminal. It owns the terminal's master side:
/// when it goes, the kernel hangs up. It does not reap the process.
class Pty {
 public:
  /// Throws std::system_error. Call before the process has threads: the child of a fork has one only.
  Pty(const PtyCommand& command, wire::TerminalSize size);
  ~Pty();
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  /// Non-blocking. Valid until release_master().
  int master() const { return master_; }
  /// Hands the master side over.
  int release_master() { return std::exchange(master_, -1); }
  /// The process, which is also the id of its session.
  pid_t pid() const { return pid_; }

 private:
  int master_ = -1;
  pid_t pid_ = -1;
};

/// Sets the window and lets the foreground processes know. Values are cut to 16 bits, as official agents do.
void resize_terminal(int master, wire::TerminalSize size);

}  // namespace postern::agent
