#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "channel/data_channel.h"
#include "client/api_client.h"
#include "client/session/event.h"
#include "client/ssm_api.h"
#include "net/websocket.h"

namespace postern::client {

/// What we report as ClientVersion and with --version. Peers choose features by it (data-channel.md 13.1):
/// the AWS CLI hands the answer over in a variable from 1.2.497 on, agents multiplex ports from 1.1.70 on,
/// AWS's service asks for 1.2.764 at least. 1.2.900.0 is above all of them; our own version is `postern
/// --version`.
inline constexpr const char* kPluginVersion = "1.2.900.0";

/// What StartSession granted.
struct SessionTicket {
  std::string session_id;
  Secret token;
  std::string stream_url;
};

/// How a session ended.
struct SessionEnd {
  enum class Kind {
    /// channel_closed; `text` is its output for the person.
    kClosed,
    /// ResumeSession gave no token.
    kTimedOut,
    /// `text` says why.
    kFailed,
    /// Ended from here; `text` is empty.
    kDisconnected,
  };
  Kind kind = Kind::kFailed;
  std::string text;
};

/// The data channel of one session over connections that come and go: opens the first one, keeps it alive,
/// and when it is lost resumes for as long as the service lets it (data-channel.md 2.7). Unlike the official
/// client it never gives up by itself, because a session that hangs for ever is worse than one that waits.
class SessionLink {
 public:
  struct Hooks {
    /// Something was received: deliveries may wait in channel().
    std::function<void()> received;
    /// The connection has been away for some seconds; once an outage.
    std::function<void()> away;
    /// It is back after away() was called.
    std::function<void()> back;
  };

  /// Everything must outlive the link. Upgrades are signed when `settings` has credentials (2.1).
  SessionLink(const boost::asio::any_io_executor& executor, SessionTicket ticket, const Settings& settings,
              ApiClient& api, const net::TlsClientContext& tls, const Clock& clock, Hooks hooks);

  channel::DataChannel& channel() { return channel_; }
  const channel::DataChannel& channel() const { return channel_; }

  /// Until the session is over.
  awaitable<SessionEnd> run();

  /// After channel().send() or pop(): writes what there is to write.
  void wake();
  /// The consumer takes deliveries again: hands out, through Hooks::received, those that wait.
  void pull();
  /// Writes the acknowledgements that wait, and returns when they have left or after `limit`.
  awaitable<void> settle(std::chrono::steady_clock::duration limit);
  /// From now on the channel works in bulk, with an agent that agreed on it.
  void use_bulk();
  /// The connection is lost and no other has taken its place yet.
  bool is_away() const { return away_since_.has_value(); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  awaitable<SessionEnd> stay_connected();
  awaitable<std::shared_ptr<net::WebSocket>> open(Secret token, std::string stream_url);
  awaitable<void> use(std::shared_ptr<net::WebSocket> socket);
  awaitable<void> read_from(std::shared_ptr<net::WebSocket> socket);
  awaitable<void> keep_alive(std::shared_ptr<net::WebSocket> socket);
  awaitable<std::expected<SessionGrant, SessionEnd>> resume();
  awaitable<void> pause_before_retry();
  void pump();
  awaitable<void> write();
  awaitable<void> announce_outages();

  SessionTicket ticket_;
  const Settings& settings_;
  ApiClient& api_;
  const net::TlsClientContext& tls_;
  const Clock& clock_;
  Hooks hooks_;
  /// Constant for the life of the process (2.3).
  const std::string client_id_;
  channel::DataChannel channel_;
  /// The live connection, or nothing.
  std::shared_ptr<net::WebSocket> socket_;
  bool was_connected_ = false;
  /// Failures in a row.
  int failures_ = 0;
  std::optional<SteadyTime> away_since_;
  std::size_t socket_queue_bytes_;
  Event wakeup_;
  Event outage_changed_;
};

/// Whether a stream URL brings its own signature (2.1); then none is added.
bool is_presigned(std::string_view target);

}  // namespace postern::client
