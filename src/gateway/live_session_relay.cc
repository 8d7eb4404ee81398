#include <fmt/format.h>
#include <algorithm>
#include <bit>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.h"
#include "gateway/frames.h"
#include "gateway/live_session.h"
#include "wire/agent_message.h"
#include "wire/messages.h"

/// The relay of a LiveSession: from one leg to the other, and what is looked at on the way.
namespace postern::gateway {
namespace {

using boost::asio::awaitable;

// So often the client must have got a message without acknowledging it before the service believes that it
// had it before. A plugin whose shell is not set up yet refuses the first messages, for milliseconds; an
// agent repeats after 200 ms at the earliest (data-channel.md 4.3, 4.6).
constexpr int kProof = 3;
// A leg that sends so many frames which no peer would send is closed.
constexpr std::uint64_t kMaxRefused = 10'000;

std::string question(std::int64_t number) {
  return fmt::format("postern-output-{}", number);
}

constexpr std::string_view name(Side side) {
  return side == Side::kClient ? "client" : "agent";
}

}  // namespace

awaitable<void> LiveSession::relay_from(Side side, std::shared_ptr<net::WebSocket> socket) {
  for (;;) {
    // What one read of this leg brought leaves the other in one write, before anything is waited for.
    if (const auto& to = leg(other(side)).socket; to && !socket->has_message()) to->flush();
    const auto message = co_await socket->read();
    if (leg(side).socket != socket) co_return;
    switch (message.opcode) {
      case net::WsOpcode::kClose:
        co_return;
      case net::WsOpcode::kPong:
        if (side == Side::kClient) client_answered(message.payload);
        break;
      case net::WsOpcode::kBinary:
      case net::WsOpcode::kText:
        if (inspect(side, message.payload) && !forward(side, message)) co_await wait_for_room(side);
        break;
      case net::WsOpcode::kPing:
        break;
    }
  }
}

bool LiveSession::forward(Side from, const net::WebSocket::Message& message) {
  auto& to = leg(other(from));
  // Whatever reaches the agent from its client lifts the pause.
  if (from == Side::kClient) paused_ = false;
  if (can_take(other(from))) {
    const auto head = note_delivery(other(from), message.payload);
    to.socket->forward(*leg(from).socket, {net::WsOpcode::kBinary, message.payload});
    if (head) guard(*head);
    if (from == Side::kAgent) ask_client();
  } else {
    to.waiting.push(message.payload);
  }
  return has_room(from);
}

bool LiveSession::has_room(Side from) const {
  const auto& to = leg(other(from));
  if (!can_take(other(from))) return !to.waiting.full();
  // Not read, an agent gets no answer to its pings and reconnects at a cost: one that was asked to pause is
  // read on.
  const auto limit = from == Side::kAgent && paused_ ? kQueueHardBytes : kQueueBytes;
  return to.socket->queued_bytes() < limit || !to.socket->is_open();
}

awaitable<void> LiveSession::wait_for_room(Side from) {
  const auto mine = leg(from).socket;
  leg(from).blocked_since = std::chrono::steady_clock::now();
  while (!finished_ && leg(from).socket == mine && mine->is_open() && !has_room(from)) {
    const auto to = leg(other(from)).socket;
    if (can_take(other(from))) {
      co_await to->progress();
    } else {
      boost::system::error_code ignored;
      co_await wake_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
  }
  if (leg(from).socket == mine) leg(from).blocked_since.reset();
}

bool LiveSession::inspect(Side from, ByteView frame) {
  const auto head = wire::peek(frame);
  if (!head) {
    // It would hang an official peer (data-channel.md 3.1), so it goes no further.
    refuse(from, frame.size(), wire::to_string(head.error()));
    return false;
  }
  switch (head->type) {
    case wire::MessageType::kInputStreamData:
      if (from == Side::kClient) return inspect_input(*head, frame);
      break;
    case wire::MessageType::kOutputStreamData:
      if (from == Side::kAgent) return inspect_output(*head, frame);
      break;
    case wire::MessageType::kAcknowledge:
      if (from == Side::kClient) inspect_acknowledgement(*head, frame);
      return true;
    case wire::MessageType::kAgentSessionState:
      if (from != Side::kAgent) break;
      if (const auto reason = terminating_reason(frame.subspan(wire::kHeaderBytes))) agent_ends(*reason);
      return false;
    default:
      break;
  }
  refuse(from, frame.size(), "a message type that this side may not send");
  return false;
}

void LiveSession::refuse(Side from, std::size_t bytes, std::string_view reason) {
  auto& mine = leg(from);
  ++mine.refused;
  // The first, second, fourth, eighth ...: a flood of them must not become a flood of lines.
  if (std::has_single_bit(mine.refused)) {
    log::warning("frame_refused", {{"session", record_.session_id},
                                   {"side", name(from)},
                                   {"bytes", bytes},
                                   {"reason", reason},
                                   {"so_far", mine.refused}});
  }
  if (mine.refused >= kMaxRefused && mine.socket) mine.socket->close();
}

void LiveSession::note_use(Side from, const wire::Peek& head, ByteView frame) {
  if (!limits_.any() || !is_use(head, frame)) return;
  const auto when = leg(from).socket->last_received();
  if (from == Side::kAgent && notice_echo_until_ && when < *notice_echo_until_) return;
  limits_.used(when);
}

bool LiveSession::inspect_input(const wire::Peek& head, ByteView frame) {
  if (const auto time = guard_.heard(head)) hold_client(*time);
  if (head.sequence_number > forwarded_input_) {
    forwarded_input_ = head.sequence_number;
    note_use(Side::kClient, head, frame);
  }
  return true;
}

bool LiveSession::inspect_output(const wire::Peek& head, ByteView frame) {
  const auto number = head.sequence_number;
  if (number > forwarded_output_) {
    forwarded_output_ = number;
    note_use(Side::kAgent, head, frame);
    return true;
  }
  // Our client acknowledges again by itself. AWS's does not, and AWS's agent never stops asking (4.6).
  if (leg(Side::kClient).maker == Maker::kOurs) return true;
  const auto message = wire::parse(frame);
  if (!message) return true;
  const auto& id = message->header.stamp.message_id;
  if (acknowledged_.contains(number)) {
    acknowledge_again(number, id);
    return false;
  }
  if (interrupted_) doubt(number, id);
  return true;
}

void LiveSession::inspect_acknowledgement(const wire::Peek& head, ByteView frame) {
  if (const auto time = guard_.heard(head)) hold_client(*time);
  const auto number = acknowledged_number(frame.subspan(wire::kHeaderBytes));
  // What was never sent can't have been received.
  if (!number || *number < 0 || *number > forwarded_output_) return;
  acknowledged_output_ = std::max(acknowledged_output_, *number);
  if (leg(Side::kClient).maker == Maker::kAws) acknowledged_.add(*number);
  if (*number == doubt_.number) {
    doubt_ = {};
    client_is_ahead_ = false;
  }
  if (close_when_acknowledged_ && acknowledged_output_ >= forwarded_output_)
    tell_client_closed(record_.details);
}

void LiveSession::acknowledge_again(std::int64_t number, const Uuid& message_id) {
  const auto& agent = leg(Side::kAgent);
  // It would lift a pause that is to last.
  if (!agent.socket || paused_) return;
  agent.socket->send(net::WsOpcode::kBinary,
                     wire::make_acknowledge(wire::Stamp::fresh(clock_.now()),
                                            wire::MessageType::kOutputStreamData, message_id, number));
}

void LiveSession::doubt(std::int64_t number, const Uuid& message_id) {
  if (doubt_.number != number) doubt_ = {.number = number, .message_id = message_id};
  doubt_.wanted = true;
}

void LiveSession::ask_client() {
  if (!std::exchange(doubt_.wanted, false) || doubt_.asked) return;
  // The plugin answers pings in the thread that handles messages, after it has handled, and acknowledged,
  // what came before.
  doubt_.asked = true;
  leg(Side::kClient).socket->ping_behind(as_bytes(question(doubt_.number)));
}

void LiveSession::client_answered(ByteView pong) {
  if (!doubt_.asked || as_text(pong) != question(doubt_.number)) return;
  doubt_.asked = false;
  if (++doubt_.misses < (client_is_ahead_ ? 1 : kProof)) return;
  client_is_ahead_ = true;
  log::debug("acknowledgement_lost", {{"session", record_.session_id}, {"number", doubt_.number}});
  acknowledged_.add(doubt_.number);
  acknowledged_output_ = std::max(acknowledged_output_, doubt_.number);
  acknowledge_again(doubt_.number, doubt_.message_id);
  doubt_ = {};
}

std::optional<wire::Peek> LiveSession::note_delivery(Side to, ByteView frame) {
  if (to == Side::kAgent || leg(to).maker == Maker::kOurs) return std::nullopt;
  const auto head = wire::peek(frame);
  if (!head || head->type != wire::MessageType::kOutputStreamData ||
      head->sequence_number <= delivered_output_)
    return std::nullopt;
  delivered_output_ = head->sequence_number;
  return *head;
}

void LiveSession::guard(const wire::Peek& delivered) {
  if (const auto time = guard_.sent(delivered)) hold_client(*time);
}

void LiveSession::deliver_waiting(Side to) {
  auto& queue = leg(to).waiting;
  while (!queue.empty() && can_take(to)) {
    const auto frame = queue.pop();
    leg(to).socket->send(net::WsOpcode::kBinary, frame);
    if (const auto head = note_delivery(to, frame)) guard(*head);
  }
}

void LiveSession::send_to_client(ByteView frame) {
  if (can_take(Side::kClient)) {
    leg(Side::kClient).socket->send(net::WsOpcode::kBinary, frame);
  } else {
    leg(Side::kClient).waiting.push(frame);
  }
}

void LiveSession::hold_client(std::chrono::milliseconds time) {
  if (time.count() == 0) return release_client();
  held_ = true;
  after(hold_timer_, time, [this] { release_client(); });
}

void LiveSession::release_client() {
  hold_timer_.cancel();
  guard_.reset();
  if (!std::exchange(held_, false)) return;
  deliver_waiting(Side::kClient);
  wake_.cancel();
}

}  // namespace postern::gateway
