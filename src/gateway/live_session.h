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

#include "base/uuid.h"
#include "gateway/acknowledged_output.h"
#include "gateway/relay_queue.h"
#include "gateway/start_guard.h"
#include "gateway/time_limits.h"
#include "net/websocket.h"
#include "store/records.h"

namespace postern::gateway {

enum class Side { kClient, kAgent };

constexpr Side other(Side side) {
  return side == Side::kClient ? Side::kAgent : Side::kClient;
}

/// Whose program is at an end. Ours say in OpenDataChannel that they understand `session_notice` messages
/// (wire::kExtensionNotice), and need none of the care that AWS's do.
enum class Maker { kAws, kOurs };

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
  /// For how long at most nothing follows a message to AWS's plugin that it has to digest first: see
  /// StartGuard.
  std::chrono::milliseconds quiet{100};
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

  /// How often tick() is called, and so the accuracy of every deadline here but the limits of idle time and
  /// duration, which have a timer.
  static constexpr std::chrono::seconds kTick{2};
  /// A silent leg is pinged after this long.
  static constexpr std::chrono::seconds kPingAfter{20};
  /// And is dead when it was silent for this long all the same, so that it is found within a minute.
  static constexpr std::chrono::seconds kDeadAfter{57};
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
  bool over() const { return finished_; }
  /// Whether a client may still come for it: not once a time limit has ended it (control-plane.md 5.7).
  bool resumable() const { return !finished_ && !limit_reached_; }
  /// Whether the agent's data channel has ever been open.
  bool agent_was_here() const { return legs_[static_cast<std::size_t>(Side::kAgent)].ever_open; }

  /// Replaces the client's one-time token and saves the record.
  void set_client_token(std::string hash, Timestamp expires);

  /// Uses up the client's token: true once.
  bool redeem_client_token(const std::string& token);

  /// Arms the limits of idle time and duration. Once, after construction.
  void start_limits();

  /// Attaches a leg (the older one of that side is dropped), relays everything it sends, and returns when it
  /// is gone. `self` keeps the session alive meanwhile.
  static boost::asio::awaitable<void> serve(std::shared_ptr<LiveSession> self, Side side, Maker maker,
                                            std::shared_ptr<net::WebSocket> socket);

  /// Orders the end: both ends are told, the person reads `text`, the record keeps it.
  void terminate(const std::string& text);

  /// The agent's worker has ended (control-plane.md 4.7); `output` is its error text, empty when all went
  /// well.
  void completed(bool success, const std::string& output);

  /// The node has a control channel again: an order to end that it may have missed is repeated.
  void node_connected();
  /// Whether the agent was ordered to end the session and has never said that it did.
  bool agent_unheard() const { return told_agent_ && !agent_confirmed_; }

  /// Deadlines and pings; called every kTick.
  void tick(Instant now);

  /// Bytes that have not left yet, on both legs.
  std::size_t queued_bytes() const;

  /// The service stops: both legs are asked to come back elsewhere by a half-close, which loses nothing.
  void drain();

 private:
  struct Leg {
    std::shared_ptr<net::WebSocket> socket;
    Maker maker = Maker::kAws;
    /// Set while the relay from this leg waits for the other side: then its silence proves nothing.
    std::optional<Instant> blocked_since;
    /// Frames for this side while its leg is away or held.
    RelayQueue waiting;
    /// When the leg was lost; set while it is away.
    std::optional<Instant> away_since;
    bool ever_open = false;
    /// Frames of this leg that were not relayed.
    std::uint64_t refused = 0;
  };

  /// An output message that the agent repeats although it has reached the client.
  struct Doubt {
    std::int64_t number = -1;
    Uuid message_id;
    /// The message has just been repeated, and the client is to be asked.
    bool wanted = false;
    /// How often the client has shown that it got the message and did not acknowledge it.
    int misses = 0;
    /// The client was asked, and has not answered yet.
    bool asked = false;
  };

  Leg& leg(Side side) { return legs_[static_cast<std::size_t>(side)]; }
  const Leg& leg(Side side) const { return legs_[static_cast<std::size_t>(side)]; }

  // live_session.cc
  void attach(Side side, Maker maker, std::shared_ptr<net::WebSocket> socket);
  void detach(Side side);
  void send_start(Instant now);
  void set_status(store::SessionStatus status);
  void tick_leg(Side side, Instant now);
  void pause_agent();
  void resume_agent();
  /// Calls `what` unless the session is gone or the timer set anew by then.
  void after(boost::asio::steady_timer& timer, std::chrono::milliseconds delay, std::function<void()> what);

  // live_session_relay.cc
  boost::asio::awaitable<void> relay_from(Side side, std::shared_ptr<net::WebSocket> socket);
  /// Passes a frame on; false when its sender has to wait for room.
  bool forward(Side from, const net::WebSocket::Message& message);
  bool has_room(Side from) const;
  boost::asio::awaitable<void> wait_for_room(Side from);
  /// Frames that are the service's own business; true when the frame goes on to the other end.
  bool inspect(Side from, ByteView frame);
  bool inspect_input(const wire::Peek& head, ByteView frame);
  bool inspect_output(const wire::Peek& head, ByteView frame);
  void inspect_acknowledgement(const wire::Peek& head, ByteView frame);
  void refuse(Side from, std::size_t bytes, std::string_view reason);
  void note_use(Side from, const wire::Peek& head, ByteView frame);
  /// Notes what goes to an official client for the first time; its head if it is a stream message.
  std::optional<wire::Peek> note_delivery(Side to, ByteView frame);
  /// That has gone: nothing follows for as long as the client needs.
  void guard(const wire::Peek& delivered);
  /// Sends what was kept for a leg, as far as it may go.
  void deliver_waiting(Side to);
  bool can_take(Side to) const { return leg(to).socket && !(held_ && to == Side::kClient); }
  /// A message of the service's own.
  void send_to_client(ByteView frame);
  void hold_client(std::chrono::milliseconds time);
  void release_client();
  void acknowledge_again(std::int64_t number, const Uuid& message_id);
  void doubt(std::int64_t number, const Uuid& message_id);
  void ask_client();
  void client_answered(ByteView pong);

  // live_session_ending.cc
  void check_limits(Instant now);
  void arm_limits();
  void send_notice(const std::string& text);
  void agent_ends(const std::string& reason);
  void begin_ending();
  void close_client_when_drained();
  void tell_client_closed(const std::string& text);
  void tell_agent_closed();
  void give_up(store::SessionStatus outcome, const std::string& text);
  void finish_if_done(Instant now);

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
  /// When idle time or duration has something to say at the earliest.
  boost::asio::steady_timer limits_timer_;
  /// Bounds the time for which nothing goes to the client.
  boost::asio::steady_timer hold_timer_;
  const Instant started_;
  Instant start_sent_;
  std::optional<Instant> ending_since_;
  TimeLimits limits_;
  bool limit_reached_ = false;
  /// Output before then may be a notice that our agent wrote to the terminal, which is no use of the session.
  std::optional<Instant> notice_echo_until_;
  /// The agent was asked to pause, and nothing that lifts the pause (data-channel.md 4.7) has been sent to it
  /// since.
  bool paused_ = false;

  /// Highest numbers forwarded: what is not above them is a repetition.
  std::int64_t forwarded_input_ = -1;
  std::int64_t forwarded_output_ = -1;
  /// Highest output number that the client has acknowledged: on the agent's word that the shell ended the
  /// client first gets, and confirms, all of it.
  std::int64_t acknowledged_output_ = -1;
  bool close_when_acknowledged_ = false;

  // What AWS's pair of programs needs (data-channel.md section 9, 12).
  StartGuard guard_;
  /// Highest output number that was sent on the client's connection.
  std::int64_t delivered_output_ = -1;
  /// Nothing goes to the client at present.
  bool held_ = false;
  AcknowledgedOutput acknowledged_;
  /// A connection of this session was lost, and acknowledgements may have been lost with it.
  bool interrupted_ = false;
  Doubt doubt_;
  /// The client was found to have got, and acknowledged, what the agent repeats.
  bool client_is_ahead_ = false;

  bool told_client_ = false;
  bool told_agent_ = false;
  bool agent_confirmed_ = false;
  /// How it ended, once the agent has said so or was given up.
  std::optional<store::SessionStatus> outcome_;
  bool finished_ = false;
};

}  // namespace postern::gateway
