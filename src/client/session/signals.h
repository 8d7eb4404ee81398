#pragma once

#include <csignal>

namespace postern::client {

/// Whether whoever started us has us ignore this signal, as sftp does with SIGINT.
inline bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace postern::client
