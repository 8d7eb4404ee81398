#include "gateway/control_channel.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "gateway/frames.h"
#include "wire/agent_message.h"

namespace postern::gateway {

ControlChannel::ControlChannel(std::string node_id, std::shared_ptr<net::WebSocket> socket,
                               std::shared_ptr<Presence> presence, ControlChannelEvents& events,
                               const Clock& clock)
    : node_id_(std::move(node_id)),
      socket_(std::move(socket)),
      presence_(std::move(presence)),
      events_(events),
      clock_(clock) {
  presence_->add(node_id_);
}

ControlChannel::~ControlChannel() {
  presence_->remove(node_id_);
}

void ControlChannel::send(ByteView message) {
  if (socket_->queued_bytes() > kMaxQueuedBytes) {
    log::warning("node_too_slow", {{"node", node_id_}, {"queued", socket_->queued_bytes()}});
    socket_->close();
    return;
  }
  socket_->send(net::WsOpcode::kBinary, message);
}

void ControlChannel::receive(ByteView message) {
  const auto parsed = wire::parse(message);
  if (!parsed) {
    log::warning("control_message_refused",
                 {{"node", node_id_}, {"reason", wire::to_string(parsed.error())}});
    return;
  }
  if (parsed->header.type != wire::MessageType::kAgentTaskComplete) {
    log::debug("control_message_ignored", {{"node", node_id_}, {"type", parsed->type_name}});
    return;
  }
  const auto task = decode_json_text<wire::AgentTaskComplete>(as_text(parsed->payload));
  if (!task) {
    log::warning("control_message_refused", {{"node", node_id_}, {"reason", task.error().message()}});
    return;
  }
  // Repeats are acknowledged like the first: it is the acknowledgement that may have been lost.
  send(make_agent_task_acknowledge(parsed->header.stamp.message_id, task->task_id, clock_.now()));
  events_.task_completed(node_id_, *task);
}

void ControlChannel::close(const std::string& reason) {
  constexpr std::size_t kMaxReason = 123;
  constexpr std::array<std::uint8_t, 2> kPolicyViolation = {1008 >> 8, 1008 & 0xff};
  auto length = std::min(reason.size(), kMaxReason);
  // Not in the middle of a character.
  while (length < reason.size() && length > 0 && (static_cast<unsigned char>(reason[length]) & 0xc0) == 0x80)
    --length;
  socket_->send(net::WsOpcode::kClose, kPolicyViolation,
                as_bytes(std::string_view(reason).substr(0, length)));
  // It goes out now, or not at all: a peer that does not read is not waited for.
  socket_->flush();
  socket_->close();
}

void ControlChannel::tick(Instant now) {
  const auto silent = now - socket_->last_received();
  if (silent > kDeadAfter) {
    log::info("node_silent", {{"node", node_id_}});
    socket_->close();
  } else if (silent > kPingAfter) {
    socket_->send(net::WsOpcode::kPing, as_bytes("postern"));
  }
}

}  // namespace postern::gateway
