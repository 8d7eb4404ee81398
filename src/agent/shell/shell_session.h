#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <optional>

#include "agent/session_kind.h"
#include "agent/shell/pty.h"

namespace postern::agent {

/// A login shell of the agent's user on a pseudo-terminal (data-channel.md 6.1, control-plane.md 5.3): what
/// it prints are Output messages, Output messages of the client are typed, Size messages set the window.
class ShellSession final : public SessionKind {
 public:
  /// Starts the shell. Throws what Pty and current_user() throw.
  explicit ShellSession(boost::asio::any_io_executor executor);

  net::awaitable<Completion> run(ChannelDriver& channel) override;
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
