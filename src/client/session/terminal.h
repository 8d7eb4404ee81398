#pragma once

#include <optional>

#include "wire/payloads.h"

namespace postern::client {

/// The size of the terminal behind `fd`, or 300 by 100 when there is none or it does not know, as official
/// clients say (data-channel.md 6.1).
wire::TerminalSize terminal_size(int fd);

/// Puts the terminal behind `fd` into raw mode while it lives: every key, Ctrl-C too, arrives as a byte,
/// nothing is echoed. The former mode comes back with the destructor and, since a shell in raw mode is
/// unusable, also when the process dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT. One at a time. Does
/// nothing where there is no terminal.
class RawTerminal {
 public:
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  bool is_terminal() const { return active_; }
  /// The former mode, before the end of its life. May be repeated.
  void restore();

 private:
  bool active_ = false;
  bool raw_ = false;
};

}  // namespace postern::client
