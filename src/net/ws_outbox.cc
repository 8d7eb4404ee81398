#include "net/ws_outbox.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace postern::net {
namespace {

/// RFC 6455 section 10.3 wants keys that the application can't predict. Drawn in bulk, since the generator's
/// fixed cost is that of masking a kilobyte.
WsMask random_mask() {
  thread_local std::array<WsMask, 64> pool;
  thread_local std::size_t left = 0;
  if (left == 0) {
    fill_random(std::span(pool.data()->data(), sizeof pool));
    left = pool.size();
  }
  return pool[--left];
}

/// Appends `tail` and masks everything from `payload_at` on: piece by piece, so that what was copied is still
/// in the nearest cache.
void append_masked(Bytes& to, std::size_t payload_at, ByteView tail, WsMask mask) {
  constexpr std::size_t kPieceBytes = 8 * 1024;
  auto at = payload_at;
  while (true) {
    const auto piece = tail.first(std::min(tail.size(), kPieceBytes));
    to.insert(to.end(), piece.begin(), piece.end());
    tail = tail.subspan(piece.size());
    // Whole masks but at the end, so that the next piece begins with the mask's first byte.
    const auto masked = tail.empty() ? to.size() - at : (to.size() - at) / mask.size() * mask.size();
    apply_ws_mask(std::span(to).subspan(at, masked), mask);
    if (tail.empty()) return;
    at += masked;
  }
}

bool is_control(WsOpcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

}  // namespace

void WsOutbox::append_frame(Bytes& to, WsOpcode opcode, ByteView head, ByteView tail) {
  const auto before = to.size();
  WsFrameHeader header;
  header.opcode = static_cast<std::uint8_t>(opcode);
  header.payload_bytes = head.size() + tail.size();
  if (role_ == WsRole::kClient) header.mask = random_mask();
  append_ws_header(to, header);
  const auto payload_at = to.size();
  to.insert(to.end(), head.begin(), head.end());
  if (!header.mask) {
    to.insert(to.end(), tail.begin(), tail.end());
  } else {
    append_masked(to, payload_at, tail, *header.mask);
  }
  bytes_ += to.size() - before;
}

void WsOutbox::add(WsOpcode opcode, ByteView head, ByteView tail) {
  if (closed_) return;
  const auto size = head.size() + tail.size();
  POSTERN_CHECK(!is_control(opcode) || size <= kMaxWsControlBytes);
  if (is_control(opcode) && opcode != WsOpcode::kClose) {
    append_frame(control_, opcode, head, tail);
    return;
  }
  append_frame(batch_for(size), opcode, head, tail);
  closed_ = opcode == WsOpcode::kClose;
}

Bytes& WsOutbox::batch_for(std::size_t payload_bytes) {
  const auto frame_bytes = payload_bytes + kMaxWsHeaderBytes;
  if (batches_.empty() || batches_.back().size() + frame_bytes > kBatchBytes) {
    batches_.emplace_back().reserve(frame_bytes);
  }
  return batches_.back();
}

void WsOutbox::add_ping_behind(ByteView payload) {
  POSTERN_CHECK(payload.size() <= kMaxWsControlBytes);
  if (!closed_) append_frame(batch_for(payload.size()), WsOpcode::kPing, payload, {});
}

void WsOutbox::answer_ping(ByteView payload) {
  if (closed_) return;
  bytes_ -= pong_.size();
  pong_.clear();
  append_frame(pong_, WsOpcode::kPong, payload, {});
}

void WsOutbox::close_now(ByteView payload) {
  if (closed_) return;
  batches_.clear();
  control_.clear();
  pong_.clear();
  bytes_ = 0;
  add(WsOpcode::kClose, payload);
}

Bytes WsOutbox::take() {
  Bytes out;
  if (!control_.empty() || !pong_.empty()) {
    out = std::exchange(control_, {});
    out.insert(out.end(), pong_.begin(), pong_.end());
    pong_ = Bytes();
  } else if (!batches_.empty()) {
    out = std::move(batches_.front());
    batches_.pop_front();
  }
  bytes_ -= out.size();
  return out;
}

}  // namespace postern::net
