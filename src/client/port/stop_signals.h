#pragma once

#include <boost/asio/signal_set.hpp>

namespace postern::client {

/// Whether Ctrl-Z ends a forward, as with the official client, or suspends it.
enum class OnSuspend { kStop, kSuspend };

/// The signals that end a forward: Ctrl-C, Ctrl-\, SIGTERM, SIGHUP. The AWS CLI leaves some of them ignored;
/// a signal_set replaces that (data-channel.md 1.3).
inline void add_stop_signals(boost::asio::signal_set& signals, OnSuspend on_suspend) {
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) signals.add(signal);
  if (on_suspend == OnSuspend::kStop) signals.add(SIGTSTP);
}

}  // namespace postern::client
