#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/pending_bytes.h"
#include "agent/port/dialer.h"
#include "agent/session_kind.h"
#include "agent/source_turns.h"

namespace postern::agent {

/// Which of the two it is.
enum class RawPortMode {
  /// One connection for the whole session, joined to the client's standard streams, as for SSH
  /// (data-channel.md 6.5). Our client says when its side has ended: see wire::kExtensionPortInputEnd.
  kStdio,
  /// For clients older than multiplexing (6.6): one connection at a time. The client says when its side has
  /// closed; when the destination's has, nobody is told, and the next data dials again.
  kBasic,
};

/// A port session whose Output payloads are the bytes of one connection. One executor; must outlive its
/// io_context's work.
class RawPort {
 public:
  RawPort(boost::asio::any_io_executor executor, Dialer& dialer, Target target, RawPortMode mode,
          std::size_t payload_bytes);

  /// Until a connection's end or the client ends the session, or a connection can't be opened.
  net::awaitable<Completion> run(ChannelDriver& channel);

 private:
  class Connection;

  net::awaitable<bool> dial(ChannelDriver& channel);
  void take_input(ChannelDriver& channel);
  void hang_up();
  void on_connection_end();
  void end(std::string status, std::string output);

  boost::asio::any_io_executor executor_;
  Dialer& dialer_;
  Target target_;
  RawPortMode mode_;
  std::size_t payload_bytes_;
  std::optional<SourceTurns> turns_;
  /// Nothing before the first, and between two of the basic mode.
  std::shared_ptr<Connection> connection_;
  bool dial_wanted_ = false;
  std::optional<Completion> completion_;
  Signal change_;
};

}  // namespace postern::agent
