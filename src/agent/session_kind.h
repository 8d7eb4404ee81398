#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "agent/channel_driver.h"
#include "agent/link.h"
#include "wire/control_payloads.h"

namespace postern::agent {

/// What a session does on the node: a shell, later commands and ports. It starts before the data channel is
/// open, so that both get ready together.
class SessionKind {
 public:
  virtual ~SessionKind() = default;

  /// The session proper. Returns when it has ended by itself and all its output has been given to the
  /// channel.
  virtual net::awaitable<Completion> run(ChannelDriver& channel) = 0;

  /// Ends what run() keeps going, if anything: returns when no process of the session is left. run() may
  /// return or not.
  virtual net::awaitable<void> stop() = 0;

  /// The kernel's session to which its processes belong; nothing when it has none.
  virtual std::optional<int> process_session() const = 0;

  /// A child process of the worker was reaped.
  virtual void on_child_exit(int pid, int wait_status) = 0;
};

/// Makes the kind that a start message asks for. Error: the text with which the session fails.
std::expected<std::unique_ptr<SessionKind>, std::string> make_session_kind(
    boost::asio::any_io_executor executor, const wire::SessionStart& start);

}  // namespace postern::agent
