#include "gateway/live_session.h"

#include <algorithm>
#include <utility>

#include "auth/token.h"
#include "base/log.h"
#include "gateway/frames.h"
#include "wire/control_payloads.h"

namespace postern::gateway {
namespace {

using boost::asio::awaitable;
using store::SessionStatus;

// Short stalls are handled by not reading, longer ones by asking the agent to pause (data-channel.md 8.4).
constexpr std::chrono::seconds kPatience{3};

constexpr std::string_view name(Side side) {
  return side == Side::kClient ? "client" : "agent";
}

// When the session began, on the clock that measures: its duration counts through a restart of the service.
LiveSession::Instant began(const store::Session& record, const Clock& clock, LiveSession::Instant now) {
  const auto age = std::max(clock.now() - record.started, Timestamp::duration::zero());
  return now - std::chrono::duration_cast<LiveSession::Instant::duration>(age);
}

}  // namespace

LiveSession::LiveSession(store::Session record, Bytes start_message, SessionTimes times, SessionHost& host,
                         const Clock& clock, boost::asio::any_io_executor executor)
    : record_(std::move(record)),
      start_message_(std::move(start_message)),
      times_(times),
      host_(host),
      clock_(clock),
      wake_(executor, boost::asio::steady_timer::time_point::max()),
      farewell_(executor),
      limits_timer_(executor),
      hold_timer_(executor),
      started_(std::chrono::steady_clock::now()),
      limits_(record_.idle_timeout, record_.max_duration, began(record_, clock, started_), started_,
              record_.document_name),
      guard_(times.quiet) {
  for (auto& leg : legs_) leg.away_since = started_;
  if (!start_message_.empty()) {
    send_start(started_);
  } else {
    // Found in the store after a restart. Ends that have been here come back by themselves; a session that
    // never came so far has lost its start message and fails when its time is up.
    interrupted_ = true;
    if (record_.connected) {
      for (auto& leg : legs_) leg.ever_open = true;
      if (record_.status == SessionStatus::kConnected) set_status(SessionStatus::kDisconnected);
    }
    if (record_.status == SessionStatus::kTerminating) begin_ending();
  }
}

LiveSession::~LiveSession() = default;

void LiveSession::set_client_token(std::string hash, Timestamp expires) {
  record_.client_token_hash = std::move(hash);
  record_.client_token_expires = expires;
  host_.save(record_);
}

bool LiveSession::redeem_client_token(const std::string& token) {
  if (!auth::token_matches(token, record_.client_token_hash)) return false;
  if (!record_.client_token_expires || *record_.client_token_expires <= clock_.now()) return false;
  record_.client_token_hash.clear();
  record_.client_token_expires.reset();
  host_.save(record_);
  return true;
}

void LiveSession::send_start(Instant now) {
  start_sent_ = now;
  if (start_message_.empty()) return;
  if (!host_.send_to_node(record_.target, start_message_)) {
    log::debug("start_message_not_delivered", {{"session", record_.session_id}, {"node", record_.target}});
  }
}

awaitable<void> LiveSession::serve(std::shared_ptr<LiveSession> self, Side side, Maker maker,
                                   std::shared_ptr<net::WebSocket> socket) {
  self->attach(side, maker, socket);
  std::string reason = "left";
  try {
    co_await self->relay_from(side, socket);
  } catch (const std::exception& failure) {
    reason = failure.what();
  }
  socket->close();
  if (self->leg(side).socket != socket) co_return;
  log::info("leg_closed", {{"session", self->record_.session_id}, {"side", name(side)}, {"reason", reason}});
  self->detach(side);
}

void LiveSession::attach(Side side, Maker maker, std::shared_ptr<net::WebSocket> socket) {
  auto& mine = leg(side);
  if (mine.ever_open) interrupted_ = true;
  // The newest connection of a side wins; the older is dropped without a Close frame (data-channel.md 2.7).
  if (auto old = std::exchange(mine.socket, std::move(socket))) old->close();
  mine.maker = maker;
  mine.away_since.reset();
  mine.ever_open = true;
  mine.blocked_since.reset();
  mine.refused = 0;
  log::info("leg_opened",
            {{"session", record_.session_id}, {"side", name(side)}, {"from", mine.socket->peer_address()}});
  if (side == Side::kAgent) {
    start_message_ = {};
    // A reconnect lifts its pause.
    paused_ = false;
  } else {
    doubt_ = {};
    release_client();
  }
  if (ending_since_ && side == Side::kAgent && !outcome_) tell_agent_closed();
  deliver_waiting(side);
  const auto& peer = leg(other(side));
  if (side == Side::kClient) resume_agent();
  if (side == Side::kAgent && !peer.socket && peer.ever_open && !ending_since_) pause_agent();
  wake_.cancel();
  if (ending_since_) {
    if (side == Side::kClient) close_client_when_drained();
    return;
  }
  if (peer.socket) {
    if (!record_.connected) record_.connected = clock_.now();
    set_status(SessionStatus::kConnected);
  }
}

void LiveSession::detach(Side side) {
  auto& mine = leg(side);
  mine.socket.reset();
  mine.away_since = std::chrono::steady_clock::now();
  if (side == Side::kClient) {
    hold_timer_.cancel();
    guard_.reset();
    held_ = false;
  }
  wake_.cancel();
  if (finished_) return;
  if (side == Side::kClient && !ending_since_) pause_agent();
  if (ending_since_) {
    finish_if_done(*mine.away_since);
  } else if (record_.status == SessionStatus::kConnected) {
    set_status(SessionStatus::kDisconnected);
  }
}

void LiveSession::pause_agent() {
  const auto& agent = leg(Side::kAgent);
  if (paused_ || !agent.socket) return;
  // A paused command with separate output fails (data-channel.md 4.7); it is no longer read instead.
  if (agent.maker == Maker::kAws && record_.session_type == wire::kNonInteractiveCommands) return;
  paused_ = true;
  agent.socket->send(net::WsOpcode::kBinary, make_pause_publication(record_.session_id, clock_.now()));
}

void LiveSession::resume_agent() {
  const auto& agent = leg(Side::kAgent);
  if (!paused_ || !agent.socket) return;
  paused_ = false;
  agent.socket->send(net::WsOpcode::kBinary, make_start_publication(record_.session_id, clock_.now()));
}

void LiveSession::set_status(SessionStatus status) {
  if (record_.status == status) return;
  record_.status = status;
  host_.save(record_);
}

void LiveSession::after(boost::asio::steady_timer& timer, std::chrono::milliseconds delay,
                        std::function<void()> what) {
  timer.expires_after(delay);
  // A timer that has fired already can't be called back, so its handler asks whether the session is still
  // there.
  timer.async_wait([weak = weak_from_this(), what = std::move(what)](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (!ec && self) what();
  });
}

void LiveSession::tick_leg(Side side, Instant now) {
  auto& mine = leg(side);
  // One that is not read may have said anything.
  if (!mine.socket || mine.blocked_since) return;
  const auto silent = now - mine.socket->last_received();
  if (silent > kDeadAfter) {
    log::info("leg_silent", {{"session", record_.session_id}, {"side", name(side)}});
    mine.socket->close();
  } else if (silent > kPingAfter) {
    mine.socket->send(net::WsOpcode::kPing, as_bytes("postern"));
  }
}

void LiveSession::tick(Instant now) {
  if (finished_) return;
  tick_leg(Side::kClient, now);
  tick_leg(Side::kAgent, now);
  const auto& agent = leg(Side::kAgent);
  const auto& client = leg(Side::kClient);
  if (agent.blocked_since && now - *agent.blocked_since >= kPatience && client.socket && !paused_) {
    pause_agent();
    client.socket->nudge();
  }
  if (ending_since_) {
    if (!outcome_ && now - *ending_since_ >= times_.completion) outcome_ = SessionStatus::kTerminated;
    finish_if_done(now);
    return;
  }
  if (!agent.ever_open) {
    if (now - started_ >= times_.start) {
      give_up(SessionStatus::kFailed, "The agent did not open the session within " +
                                          std::to_string(times_.start.count()) +
                                          " seconds. Look at the agent's log on the node.");
    } else if (now - start_sent_ >= times_.resend_start) {
      send_start(now);
    }
    return;
  }
  if (agent.away_since && now - *agent.away_since >= times_.grace) {
    give_up(SessionStatus::kTerminated, "The node lost its connection and did not come back.");
  } else if (client.away_since && now - *client.away_since >= times_.grace) {
    give_up(SessionStatus::kTerminated, "The client disconnected and did not come back.");
  } else {
    check_limits(now);
  }
}

std::size_t LiveSession::queued_bytes() const {
  std::size_t total = 0;
  for (const auto& leg : legs_) total += leg.socket ? leg.socket->queued_bytes() : 0;
  return total;
}

void LiveSession::drain() {
  for (auto& leg : legs_) {
    if (leg.socket) leg.socket->shutdown_send();
  }
}

}  // namespace postern::gateway
