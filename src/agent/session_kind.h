#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/channel_driver.h"
#include "agent/handshake.h"
#include "agent/link.h"
#include "wire/control_payloads.h"

namespace postern::agent {

/// How a session uses its channel: a terminal, where little may lie in front of a ^C, or bytes at line rate.
enum class ChannelNeeds { kInteractive, kBulk };

/// What a session does on the node: a shell, a command, a port. It is made before the data channel is open,
/// so that both get ready together.
class SessionKind {
 public:
  virtual ~SessionKind() = default;

  /// What the client must agree to before run(); nothing for kinds without handshake.
  virtual std::optional<HandshakeOffer> handshake() const { return std::nullopt; }

  /// What the channel of such a session should be like.
  virtual ChannelNeeds channel_needs() const { return ChannelNeeds::kInteractive; }

  /// The session proper. Returns when it has ended by itself and all its output has been given to the
  /// channel. Once.
  virtual net::awaitable<Completion> run(ChannelDriver& channel, Agreement agreement) = 0;

  /// Ends what run() keeps going, if anything: returns when no process of the session is left. run() may
  /// return or not.
  virtual net::awaitable<void> stop() = 0;

  /// The kernel's session to which its processes belong; nothing when it has none, or none yet.
  virtual std::optional<int> process_session() const { return std::nullopt; }
  /// Called when run() has made process_session() say something.
  std::function<void()> on_process_session;

  /// A child process of the worker was reaped.
  virtual void on_child_exit(int /*pid*/, int /*wait_status*/) {}
};

/// The handshake, where there is one, and then the session proper.
net::awaitable<Completion> run_session_kind(SessionKind& kind, ChannelDriver& channel);

/// Makes the kind that a job asks for. Error: the text with which the session fails.
std::expected<std::unique_ptr<SessionKind>, std::string> make_session_kind(
    boost::asio::any_io_executor executor, const SessionJob& job, const wire::SessionStart& start);

}  // namespace postern::agent
