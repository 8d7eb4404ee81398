#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "gateway/presence.h"
#include "net/websocket.h"
#include "wire/control_payloads.h"

namespace postern::gateway {

/// What the gateway makes of a node's control-channel messages.
class ControlChannelEvents {
 public:
  virtual ~ControlChannelEvents() = default;
  /// A session's worker ended. May be reported several times.
  virtual void task_completed(const std::string& node_id, const wire::AgentTaskComplete& task) = 0;
  /// The agent listed the sessions it still holds, as ours does: all others of this node are over.
  virtual void sessions_listed(const std::string& node_id, const std::vector<std::string>& session_ids) = 0;
};

/// One node's open control channel (control-plane.md section 4). Lives on the node's home thread.
class ControlChannel {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// The node is present from here until the channel goes. All references must outlive it.
  ControlChannel(std::string node_id, std::shared_ptr<net::WebSocket> socket,
                 std::shared_ptr<Presence> presence, ControlChannelEvents& events, const Clock& clock);
  ~ControlChannel();
  ControlChannel(const ControlChannel&) = delete;
  ControlChannel& operator=(const ControlChannel&) = delete;

  /// Queues a complete AgentMessage.
  void send(ByteView message);

  /// Handles one binary message from the node; what it can't read is logged and ignored, as the official
  /// service does.
  void receive(ByteView message);

  /// Pings after kPingAfter without a byte, and drops a peer that has been silent for kDeadAfter.
  void tick(Instant now);

  void close() { socket_->close(); }
  /// Behind a close frame that says `reason`: code 1008, policy violation, and at most 123 bytes of the text.
  void close(const std::string& reason);

  static constexpr std::chrono::seconds kPingAfter{20};
  static constexpr std::chrono::seconds kDeadAfter{57};
  /// A node that leaves this much unread is dropped: its channel carries small messages only.
  static constexpr std::size_t kMaxQueuedBytes = 4 * 1024 * 1024;

 private:
  std::string node_id_;
  std::shared_ptr<net::WebSocket> socket_;
  std::shared_ptr<Presence> presence_;
  ControlChannelEvents& events_;
  const Clock& clock_;
};

}  // namespace postern::gateway
