#pragma once

#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace postern::client {

/// Whether whoever started us has us ignore this signal, as sftp does with SIGINT.
inline bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// While it lives, a hangup that nobody waits for does nothing: a terminal that goes away hangs up more than
/// once, and the last words are to be said all the same. Leaves an ignored SIGHUP ignored.
class HangupGuard {
 public:
  explicit HangupGuard(const boost::asio::any_io_executor& executor) : signals_(executor) {
    if (!is_ignored(SIGHUP)) signals_.add(SIGHUP);
  }

 private:
  boost::asio::signal_set signals_;
};

}  // namespace postern::client
