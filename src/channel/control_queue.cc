#include "channel/control_queue.h"

#include <utility>

namespace postern::channel {

Bytes& ControlQueue::room(std::size_t frame_bytes) {
  if (payloads_.empty() || payloads_.back().frames.size() + frame_bytes > kPayloadBytes)
    payloads_.emplace_back();
  ++payloads_.back().count;
  ++added_;
  bytes_ += frame_bytes;
  return payloads_.back().frames;
}

void ControlQueue::add(wire::MuxCommand command, std::uint32_t stream_id, std::string_view data) {
  wire::append_mux_frame(room(wire::kMuxHeaderBytes + data.size()), command, stream_id, as_bytes(data));
}

void ControlQueue::add_amount(wire::MuxCommand command, std::uint32_t stream_id, std::uint32_t bytes) {
  wire::append_mux_amount(room(wire::kMuxHeaderBytes + wire::kMuxAmountBytes), command, stream_id, bytes);
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
