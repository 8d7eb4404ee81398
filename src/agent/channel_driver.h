#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "agent/service.h"
#include "agent/signal.h"
#include "channel/data_channel.h"

namespace postern::agent {

/// A data channel and the connection that carries it: opens it, writes what the channel has to say, and opens
/// another when it breaks, for as long as the session lives. One executor; its coroutines refer to it, so it
/// must outlive their io_context's work.
class ChannelDriver {
 public:
  struct Options {
    std::string session_id;
    std::string node_id;
    /// The first connection's token when the start message brought one; otherwise it is asked for.
    std::optional<Secret> first_token;
    channel::DataChannelOptions channel;
    /// What may be queued in the connection and so beyond recall: enough to fill TLS records, little enough
    /// that a ^C is not stuck behind it.
    std::size_t queue_bytes = 64 * 1024;
  };

  ChannelDriver(boost::asio::any_io_executor executor, Service service, Options options,
                RoleToken role_token);

  /// Starts connecting. Once.
  void start();

  /// For reconnects from now on.
  void set_role_token(RoleToken token) { role_token_ = std::move(token); }

  /// Returns once the first connection is open, or the session has ended. One waiter.
  net::awaitable<void> wait_opened();

  /// Sends one stream message; bulk only after can_send().
  void send(wire::PayloadType type, ByteView payload);
  /// The same without copying the payload: see channel::Sender.
  std::span<std::uint8_t> prepare(std::size_t max_bytes) { return channel_.prepare(max_bytes); }
  void send_prepared(wire::PayloadType type, std::size_t size);
  /// See channel::DataChannel.
  void send_then_hush(wire::PayloadType type, ByteView payload, std::chrono::steady_clock::duration limit);
  void allow_bulk() { channel_.allow_bulk(); }
  void use_bulk() { channel_.use_bulk(); }

  /// Whether window and connection take more now: what is produced faster than it leaves waits at its source.
  bool can_send() const;
  /// Returns once can_send() may have become true. One waiter.
  net::awaitable<void> wait_can_send() { return send_room_.wait(); }
  std::size_t unacknowledged_bytes() const { return channel_.sender().kept_bytes(); }

  /// The oldest message of the client, or nothing; see channel::DataChannel.
  const channel::Delivery* front() const { return channel_.front(); }
  channel::Delivery pop();
  /// See channel::Receiver; front() holds what the consumer has not taken.
  void set_consumer(channel::PayloadConsumer* consumer) { channel_.set_consumer(consumer); }
  /// Called when front() may have become something, within the turn that received it: a key is typed before
  /// anything else is done about it. It must not throw.
  std::function<void()> on_input;

  /// Returns when everything sent has been acknowledged, or none of it has for `stall`, or `limit` has
  /// passed.
  net::awaitable<void> drain(std::chrono::steady_clock::duration stall,
                             std::chrono::steady_clock::duration limit);
  /// Tells the service that the session ended by itself, lets it leave, and drops the connection. `reason` is
  /// for the person and the record; empty when the session ended as it should.
  net::awaitable<void> finish(std::string reason);

  /// Why the channel can't go on: closed by the service, or given up. Empty while it can.
  const std::string& ended() const { return ended_; }
  /// It ended because the service could not be reached any more.
  bool gave_up() const { return gave_up_; }
  /// The service has said elsewhere that the session is over.
  void close(std::string why);
  /// Called once ended() says something.
  std::function<void()> on_ended;
  /// Called with what the service has to say to the person (`session_notice`).
  std::function<void(const std::string& text)> on_notice;

 private:
  net::awaitable<void> keep_connected();
  net::awaitable<void> serve_connection();
  net::awaitable<std::shared_ptr<net::WebSocket>> open();
  net::awaitable<void> write();
  void receive(ByteView message);
  void pump();

  boost::asio::any_io_executor executor_;
  Service service_;
  Options options_;
  RoleToken role_token_;
  SystemClock clock_;
  channel::DataChannel channel_;
  /// The open connection; a lost one is gone from here at once.
  std::shared_ptr<net::WebSocket> socket_;
  bool opened_before_ = false;
  std::chrono::steady_clock::time_point connected_at_;
  std::chrono::steady_clock::time_point last_connected_;
  Signal opened_;
  Signal writer_;
  Signal send_room_;
  Signal acknowledged_;
  std::string ended_;
  bool gave_up_ = false;
};

}  // namespace postern::agent
