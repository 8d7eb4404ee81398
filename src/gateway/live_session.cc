#include "gateway/live_session.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "auth/token.h"
#include "base/log.h"
#include "gateway/frames.h"
#include "net/timeout.h"
#include "wire/agent_message.h"

namespace postern::gateway {
namespace {

using boost::asio::awaitable;
using store::SessionStatus;

// The client acknowledges what it has shown; longer than this it isn't waited for (data-channel.md section 9,
// 8).
constexpr std::chrono::seconds kDrain{3};
// Both ends leave by themselves once told; one that doesn't is dropped.
constexpr std::chrono::seconds kLinger{5};
// Short stalls are handled by not reading, longer ones by asking the agent to pause (data-channel.md 8.4).
constexpr std::chrono::seconds kPatience{5};

// DescribeSessions allows so much, and a node's word is a peer's.
constexpr std::size_t kMaxDetails = 1024;

// Cut at the start of a UTF-8 character.
std::string shorten(const std::string& text) {
  if (text.size() <= kMaxDetails) return text;
  auto end = kMaxDetails;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

constexpr std::string_view name(Side side) {
  return side == Side::kClient ? "client" : "agent";
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
      started_(std::chrono::steady_clock::now()) {
  for (auto& leg : legs_) leg.away_since = started_;
  if (!start_message_.empty()) {
    send_start(started_);
  } else {
    // Found in the store after a restart. Ends that have been here come back by themselves; a session that
    // never came so far has lost its start message and fails when its time is up.
    if (record_.connected) {
      for (auto& leg : legs_) leg.ever_open = true;
      if (record_.status == SessionStatus::kConnected) set_status(SessionStatus::kDisconnected);
    }
    if (record_.status == SessionStatus::kTerminating) begin_ending();
  }
}

LiveSession::~LiveSession() = default;

bool LiveSession::over() const {
  return finished_;
}

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

awaitable<void> LiveSession::serve(std::shared_ptr<LiveSession> self, Side side,
                                   std::shared_ptr<net::WebSocket> socket) {
  self->attach(side, socket);
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

void LiveSession::attach(Side side, std::shared_ptr<net::WebSocket> socket) {
  auto& mine = leg(side);
  // The newest connection of a side wins; the older is dropped without a Close frame (data-channel.md 2.7).
  if (auto old = std::exchange(mine.socket, std::move(socket))) old->close();
  mine.away_since.reset();
  mine.ever_open = true;
  mine.blocked = false;
  log::info("leg_opened",
            {{"session", record_.session_id}, {"side", name(side)}, {"from", mine.socket->peer_address()}});
  if (side == Side::kAgent) {
    start_message_ = {};
    // A reconnect lifts its pause.
    paused_ = false;
  }
  if (ending_since_ && side == Side::kAgent && !outcome_) tell_agent_closed();
  mine.waiting.drain([&](ByteView frame) { mine.socket->send(net::WsOpcode::kBinary, frame); });
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
  wake_.cancel();
  if (finished_) return;
  if (side == Side::kClient && !ending_since_) pause_agent();
  if (ending_since_) {
    finish_if_done(*mine.away_since);
  } else if (record_.status == SessionStatus::kConnected) {
    set_status(SessionStatus::kDisconnected);
  }
}

awaitable<void> LiveSession::relay_from(Side side, std::shared_ptr<net::WebSocket> socket) {
  for (;;) {
    // What one read of this leg brought leaves the other in one write, before anything is waited for.
    if (const auto& to = leg(other(side)).socket; to && !socket->has_message()) to->flush();
    const auto message = co_await socket->read();
    if (message.opcode == net::WsOpcode::kClose) co_return;
    if (message.opcode != net::WsOpcode::kBinary && message.opcode != net::WsOpcode::kText) continue;
    if (leg(side).socket != socket) co_return;
    if (!inspect(side, message.payload)) continue;
    co_await forward(side, message.payload);
  }
}

bool LiveSession::inspect(Side from, ByteView frame) {
  const auto head = wire::peek(frame);
  if (!head) {
    // It would hang an official peer (data-channel.md 3.1), so it goes no further.
    log::warning("frame_refused", {{"session", record_.session_id},
                                   {"side", name(from)},
                                   {"bytes", frame.size()},
                                   {"reason", wire::to_string(head.error())}});
    return false;
  }
  switch (head->type) {
    case wire::MessageType::kInputStreamData:
      return from == Side::kClient;
    case wire::MessageType::kOutputStreamData:
      if (from == Side::kAgent) forwarded_output_ = std::max(forwarded_output_, head->sequence_number);
      return from == Side::kAgent;
    case wire::MessageType::kAcknowledge:
      if (from == Side::kClient) {
        if (const auto number = acknowledged_number(frame.subspan(wire::kHeaderBytes))) {
          acknowledged_output_ = std::max(acknowledged_output_, *number);
        }
        if (close_when_acknowledged_ && acknowledged_output_ >= forwarded_output_) {
          tell_client_closed(record_.details);
        }
      }
      return true;
    case wire::MessageType::kAgentSessionState:
      if (from == Side::kAgent && says_terminating(frame.subspan(wire::kHeaderBytes))) begin_ending();
      return false;
    default:
      log::debug("message_type_refused", {{"session", record_.session_id}, {"side", name(from)}});
      return false;
  }
}

awaitable<void> LiveSession::forward(Side from, ByteView frame) {
  auto& to = leg(other(from));
  // Whatever reaches the agent from its client lifts the pause.
  if (from == Side::kClient) paused_ = false;
  if (auto socket = to.socket) {
    socket->send(net::WsOpcode::kBinary, frame);
    if (socket->queued_bytes() < kQueueBytes) co_return;
    co_await wait_for_room(from, std::move(socket));
    co_return;
  }
  // The frame dies with the next read, so it is kept before anything is awaited.
  to.waiting.push(frame);
  auto mine = leg(from).socket;
  leg(from).blocked = to.waiting.full();
  while (to.waiting.full() && !to.socket && !finished_ && leg(from).socket == mine) {
    boost::system::error_code ignored;
    co_await wake_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  leg(from).blocked = false;
}

awaitable<void> LiveSession::wait_for_room(Side from, std::shared_ptr<net::WebSocket> to) {
  leg(from).blocked = true;
  auto limit = kQueueBytes;
  if (from == Side::kAgent) {
    if (!paused_) {
      try {
        co_await net::with_timeout(to->room(kQueueBytes), kPatience);
      } catch (const boost::system::system_error& failure) {
        if (failure.code() != boost::asio::error::timed_out) throw;
        // Not read, an agent gets no answer to its pings and reconnects at a cost: it is asked to pause, and
        // read on.
        pause_agent();
      }
    }
    if (paused_) limit = kQueueHardBytes;
  }
  co_await to->room(limit);
  leg(from).blocked = false;
}

void LiveSession::pause_agent() {
  const auto& agent = leg(Side::kAgent);
  if (paused_ || !agent.socket) return;
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

void LiveSession::begin_ending() {
  if (ending_since_) return;
  ending_since_ = std::chrono::steady_clock::now();
  set_status(SessionStatus::kTerminating);
  wake_.cancel();
  close_client_when_drained();
}

void LiveSession::close_client_when_drained() {
  if (told_client_ || !leg(Side::kClient).socket) return;
  if (acknowledged_output_ >= forwarded_output_) {
    tell_client_closed(record_.details);
    return;
  }
  close_when_acknowledged_ = true;
  after(kDrain, [this] { tell_client_closed(record_.details); });
}

void LiveSession::tell_client_closed(const std::string& text) {
  if (told_client_) return;
  const auto& client = leg(Side::kClient);
  if (!client.socket) return;
  told_client_ = true;
  close_when_acknowledged_ = false;
  client.socket->send(net::WsOpcode::kBinary,
                      make_channel_closed(record_.session_id, record_.target, text, clock_.now()));
  finish_if_done(std::chrono::steady_clock::now());
}

void LiveSession::tell_agent_closed() {
  const auto message = make_channel_closed(record_.session_id, record_.target, "", clock_.now());
  if (const auto& agent = leg(Side::kAgent); agent.socket)
    agent.socket->send(net::WsOpcode::kBinary, message);
  // On the control channel as well: it works when the data channel is dead (control-plane.md 4.7).
  host_.send_to_node(record_.target, message);
}

void LiveSession::terminate(const std::string& text) {
  if (finished_ || ending_since_) return;
  record_.details = text;
  ending_since_ = std::chrono::steady_clock::now();
  set_status(SessionStatus::kTerminating);
  wake_.cancel();
  tell_agent_closed();
  tell_client_closed(text);
  if (!leg(Side::kAgent).ever_open) outcome_ = SessionStatus::kTerminated;
  finish_if_done(*ending_since_);
}

void LiveSession::completed(bool success, const std::string& output) {
  if (finished_ || outcome_) return;
  const bool never_connected = !record_.connected;
  outcome_ = !success && never_connected ? SessionStatus::kFailed : SessionStatus::kTerminated;
  if (record_.details.empty()) record_.details = shorten(output);
  begin_ending();
  finish_if_done(std::chrono::steady_clock::now());
}

void LiveSession::give_up(SessionStatus outcome, const std::string& text) {
  log::info("session_given_up", {{"session", record_.session_id}, {"reason", text}});
  record_.details = text;
  outcome_ = outcome;
  if (!ending_since_) ending_since_ = std::chrono::steady_clock::now();
  tell_agent_closed();
  tell_client_closed(text);
  // A client that is away was already waited for.
  told_client_ = true;
  finish_if_done(std::chrono::steady_clock::now());
}

void LiveSession::finish_if_done(Instant now) {
  if (finished_ || !outcome_) return;
  const auto& client = leg(Side::kClient);
  // A client that lost its connection at the last moment is given the time to fetch the end of the output.
  const bool client_may_return =
      client.ever_open && client.away_since && now - *client.away_since < times_.completion;
  if (!told_client_ && (client.socket || client_may_return)) return;
  finished_ = true;
  record_.ended = clock_.now();
  record_.status = *outcome_;
  record_.client_token_hash.clear();
  record_.client_token_expires.reset();
  host_.save(record_);
  log::info("session_ended", {{"session", record_.session_id},
                              {"status", record_.status == SessionStatus::kFailed ? "Failed" : "Terminated"},
                              {"details", record_.details}});
  wake_.cancel();
  after(kLinger, [this] {
    for (auto& late : legs_) {
      if (late.socket) late.socket->close();
    }
  });
  host_.finished(record_.session_id);
}

void LiveSession::after(std::chrono::seconds delay, std::function<void()> what) {
  farewell_.expires_after(delay);
  // A timer that has fired already can't be called back, so its handler asks whether the session is still
  // there.
  farewell_.async_wait([weak = weak_from_this(), what = std::move(what)](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (!ec && self) what();
  });
}

void LiveSession::tick_leg(Side side, Instant now) {
  auto& mine = leg(side);
  if (!mine.socket) return;
  if (!mine.blocked && now - mine.socket->last_received() > kDeadAfter) {
    log::info("leg_silent", {{"session", record_.session_id}, {"side", name(side)}});
    mine.socket->close();
    return;
  }
  if (now - mine.socket->last_received() > kDeadAfter / 3)
    mine.socket->send(net::WsOpcode::kPing, as_bytes("postern"));
}

void LiveSession::tick(Instant now) {
  if (finished_) return;
  tick_leg(Side::kClient, now);
  tick_leg(Side::kAgent, now);
  const auto& agent = leg(Side::kAgent);
  const auto& client = leg(Side::kClient);
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
