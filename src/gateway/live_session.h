#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/relay_queue.h"
#include "net/websocket.h"
#include "store/records.h"

namespace postern::gateway {

enum class Side { kClient, kAgent };

constexpr Side other(Side side) {
  return side == Side::kClient ? Side::kAgent : Side::kClient;
}

/// How long a session waits for what.
struct SessionTimes {
  /// From the start message until the agent's data channel opens. The agent reports nothing when it drops a
  /// start message (control-plane.md 4.6).
  std::chrono::seconds start{30};
  /// After which an unanswered start message is sent again: a freshly started official agent drops early ones
  /// silently.
  std::chrono::seconds resend_start{5};
  /// A session whose client or agent is away is kept for this long.
  std::chrono::seconds grace{300};
  /// From the end of the shell, or the order to end, until the agent's completion.
  std::chrono::seconds completion{10};
};

/// What a session needs from the house around it. Calls come on the session's home thread.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// The record changed: write it, behind everything written before.
  virtual void save(const store::Session& record) = 0;
  /// An AgentMessage for the node's control channel; false when the node has none.
  virtual bool send_to_node(const std::string& node_id, Bytes message) = 0;
  /// The session is over and may be forgotten.
  virtual void finished(const std::string& session_id) = 0;
};

/// One session that has not ended: its two legs, the relay between them, its state and deadlines
/// (data-channel.md section 9, control-plane.md 6.2). It lives on one thread. The ends own reliability: it
/// forwards frames as they are, never acknowledges, never renumbers, and may lose everything it holds.
class LiveSession : public std::enable_shared_from_this<LiveSession> {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// How often tick() is called, and so the accuracy of every deadline here.
  static constexpr std::chrono::seconds kTick{5};
  /// A leg that was silent for this long although it was pinged is dead.
  static constexpr std::chrono::seconds kDeadAfter{60};
  /// A leg with this much queued slows its peer down.
  static constexpr std::size_t kQueueBytes = 256 * 1024;
  /// And with this much its peer is not read at all any more.
  static constexpr std::size_t kQueueHardBytes = 8 * 1024 * 1024;

  /// `start_message` is the complete interactive_shell message, empty for a session found in the store after
  /// a restart. `host` and `clock` must outlive the session.
  LiveSession(store::Session record, Bytes start_message, SessionTimes times, SessionHost& host,
              const Clock& clock, boost::asio::any_io_executor executor);
  ~LiveSession();
  LiveSession(const LiveSession&) = delete;
  LiveSession& operator=(const LiveSession&) = delete;

  const store::Session& record() const { return record_; }
  bool over() const;
  /// Whether the agent's data channel has ever been open.
  bool agent_was_here() const { return legs_[static_cast<std::size_t>(Side::kAgent)].ever_open; }

  /// Replaces the client's one-time token and saves the record.
  void set_client_token(std::string hash, Timestamp expires);

  /// Uses up the client's token: true once.
  bool redeem_client_token(const std::string& token);

  /// Attaches a leg (the older one of that side is dropped), relays everything it sends, and returns when it
  /// is gone. `self` keeps the session alive meanwhile.
  static boost::asio::awaitable<void> serve(std::shared_ptr<LiveSession> self, Side side,
                                            std::shared_ptr<net::WebSocket> socket);

  /// Orders the end: both ends are told, the person reads `text`, the record keeps it.
  void terminate(const std::string& text);

  /// The agent's worker has ended (control-plane.md 4.7); `output` is its error text, empty when all went
  /// well.
  void completed(bool success, const std::string& output);

  /// Deadlines and pings; called every kTick.
  void tick(Instant now);

  /// Bytes that have not left yet, on both legs.
  std::size_t queued_bytes() const;

  /// The service stops: both legs are asked to come back elsewhere by a half-close, which loses nothing.
  void drain();

 private:
  struct Leg {
    std::shared_ptr<net::WebSocket> socket;
    /// The relay is waiting for the other side, so silence proves nothing.
    bool blocked = false;
    /// Frames for this side while its leg is away.
    RelayQueue waiting;
    /// When the leg was lost; set while it is away.
    std::optional<Instant> away_since;
    bool ever_open = false;
  };

  Leg& leg(Side side) { return legs_[static_cast<std::size_t>(side)]; }

  void attach(Side side, std::shared_ptr<net::WebSocket> socket);
  void detach(Side side);
  boost::asio::awaitable<void> relay_from(Side side, std::shared_ptr<net::WebSocket> socket);
  boost::asio::awaitable<void> forward(Side from, ByteView frame);
  /// Frames that are the service's own business; true when the frame goes on to the other end.
  bool inspect(Side from, ByteView frame);
  boost::asio::awaitable<void> wait_for_room(Side from, std::shared_ptr<net::WebSocket> to);
  void begin_ending();
  void close_client_when_drained();
  void tell_client_closed(const std::string& text);
  void tell_agent_closed();
  void send_start(Instant now);
  void set_status(store::SessionStatus status);
  void give_up(store::SessionStatus outcome, const std::string& text);
  void finish_if_done(Instant now);
  void tick_leg(Side side, Instant now);
  void pause_agent();
  void resume_agent();
  void after(std::chrono::seconds delay, std::function<void()> what);

  store::Session record_;
  Bytes start_message_;
  const SessionTimes times_;
  SessionHost& host_;
  const Clock& clock_;

  std::array<Leg, 2> legs_;
  /// Wakes relays that wait for an absent leg; it never fires by time.
  boost::asio::steady_timer wake_;
  /// Bounds the waits of an ending: for the client's last acknowledgement, then for its departure.
  boost::asio::steady_timer farewell_;
  const Instant started_;
  Instant start_sent_;
  std::optional<Instant> ending_since_;
  /// The agent was asked to pause, and nothing that lifts the pause (data-channel.md 4.7) has been sent to it
  /// since.
  bool paused_ = false;
  /// Highest output number forwarded to the client, and highest it has acknowledged: on the agent's word that
  /// the shell ended the client first gets, and confirms, all of it.
  std::int64_t forwarded_output_ = -1;
  std::int64_t acknowledged_output_ = -1;
  bool close_when_acknowledged_ = false;
  bool told_client_ = false;
  /// How it ended, once the agent has said so or was given up.
  std::optional<store::SessionStatus> outcome_;
  bool finished_ = false;
};

}  // namespace postern::gateway
