#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "agent/process/identity.h"

namespace postern::agent {

/// What to run without a terminal.
struct PipedCommand {
  /// argv; the first one is looked up in the environment's PATH unless it holds a slash.
  std::vector<std::string> arguments;
  /// `NAME=value`, all of it.
  std::vector<std::string> environment;
  /// Where it starts; / when that can't be entered.
  std::string directory;
  /// Nothing: this process's own.
  std::optional<Identity> identity;
  /// Otherwise its input is empty.
  bool has_input = false;
  /// Both streams in one pipe.
  bool merge_output = false;
};

/// A running command that leads a session and process group of its own; the descriptors are non-blocking and
/// the caller's, as is reaping it.
struct PipedProcess {
  pid_t pid = -1;
  /// -1 without input.
  int input = -1;
  int output = -1;
  /// -1 when merged.
  int error = -1;
};

/// Why it does not run.
struct StartFailure {
  /// As of a shell: 127 when there is no such command, 126 when it can't be run.
  int exit_code;
  std::string text;
};

/// Returns once the command runs, or can't.
std::expected<PipedProcess, StartFailure> start_piped(const PipedCommand& command);

}  // namespace postern::agent
