#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "base/bytes.h"
#include "wire/mux_frame.h"

namespace postern::channel {

/// Frames other than data that wait to be sent, packed into payloads.
class ControlQueue {
 public:
  /// Of one payload. Official peers take more, but need not.
  static constexpr std::size_t kPayloadBytes = 32 * 1024;

  void add(wire::MuxCommand command, std::uint32_t stream_id, std::string_view data = {});
  /// For kUpd and kReturn.
  void add_amount(wire::MuxCommand command, std::uint32_t stream_id, std::uint32_t bytes);
  /// The oldest frames, whole, up to kPayloadBytes; empty when there are none.
  Bytes take();

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return payloads_.empty(); }
  /// A frame whose number, which is added() right after its add(), is at most taken() has left.
  std::uint64_t added() const { return added_; }
  std::uint64_t taken() const { return taken_; }

 private:
  struct Payload {
    Bytes frames;
    std::uint64_t count = 0;
  };
  /// Where a frame of this size goes.
  Bytes& room(std::size_t frame_bytes);
  std::deque<Payload> payloads_;
  std::size_t bytes_ = 0;
  std::uint64_t added_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace postern::channel
