#include "channel/control_queue.h"

#include <utility>

namespace postern::channel {

void ControlQueue::add(wire::MuxCommand command, std::uint32_t stream_id, std::string_view data) {
  const auto size = wire::kMuxHeaderBytes + data.size();
  if (payloads_.empty() || payloads_.back().frames.size() + size > kPayloadBytes) payloads_.emplace_back();
  auto& payload = payloads_.back();
  wire::append_mux_frame(payload.frames, command, stream_id, as_bytes(data));
  ++payload.count;
  ++added_;
  bytes_ += size;
}

Bytes ControlQueue::take() {
  if (payloads_.empty()) return {};
  auto payload = std::move(payloads_.front());
  payloads_.pop_front();
  bytes_ -= payload.frames.size();
  taken_ += payload.count;
  return std::move(payload.frames);
}

}  // namespace postern::channel
