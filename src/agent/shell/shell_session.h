#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <optional>

#include "agent/process/run_as.h"
#include "agent/session_kind.h"
#include "agent/shell/pty.h"

namespace postern::agent {

/// A login shell, or a document's commands, on a pseudo-terminal (data-channel.md 6.1 and 6.2,
/// control-plane.md 5.3): what it prints are Output messages, Output messages of the client are typed, Size
/// messages set the window, and the service's notices are shown on lines of their own.
class ShellSession final : public SessionKind {
 public:
  /// Starts the user's login shell or, unless it is empty, `sh -c commands`. `typed` is a line that stands in
  /// front of all that the person types; empty for none. Throws what Pty throws.
  ShellSession(boost::asio::any_io_executor executor, const SessionUser& user, const std::string& commands,
               const std::string& typed);

  net::awaitable<Completion> run(ChannelDriver& channel, Agreement agreement) override;
  net::awaitable<void> stop() override;
  std::optional<int> process_session() const override { return pty_.pid(); }
  void on_child_exit(int pid, int wait_status) override;

 private:
  void type_input(ChannelDriver& channel);
  bool type_unwritten();
  net::awaitable<void> wait_for_terminal(ChannelDriver& channel);
  net::awaitable<void> send_output(ChannelDriver& channel);
  net::awaitable<void> drain_terminal(ChannelDriver& channel);
  std::size_t read_terminal();

  boost::asio::any_io_executor executor_;
  Pty pty_;
  boost::asio::posix::stream_descriptor terminal_;
  Bytes buffer_;
  /// Keys that the terminal has not taken yet. While there are some, no further ones are taken from the
  /// channel.
  Bytes unwritten_;
  Signal terminal_full_;
  bool exited_ = false;
  bool hung_up_ = false;
  Signal exit_;
};

}  // namespace postern::agent
