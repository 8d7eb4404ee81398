#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>

#include "channel/mux.h"

using namespace postern;

namespace {

/// Owns one end as an agent or client does, doing what the input says, and holds the Mux to its promises.
class Owner final : public channel::MuxHandler {
 public:
  Owner(channel::MuxRole role, channel::MuxDialect dialect, std::uint8_t habits)
      : habits_(habits), mux(role, dialect, *this) {}

  void on_open(std::uint32_t id, std::string_view target) override {
    if (target.size() > channel::Mux::kMaxTargetBytes || !unconsumed_.emplace(id, 0).second) std::abort();
    if ((habits_ & 1) != 0) mux.accept(id);
    if ((habits_ & 2) != 0) act(id);
  }
  void on_accept(std::uint32_t id) override { must_know(id); }
  void on_data(std::uint32_t id, ByteView data) override {
    must_know(id);
    if (data.empty()) std::abort();
    unconsumed_[id] += data.size();
    if ((habits_ & 4) != 0) consume(id, data.size());
    if ((habits_ & 8) != 0) act(id);
  }
  void on_end(std::uint32_t id) override {
    must_know(id);
    if ((habits_ & 16) != 0) act(id);
  }
  void on_reset(std::uint32_t id, std::string_view reason) override {
    if (reason.size() > channel::Mux::kMaxReasonBytes || unconsumed_.erase(id) != 1) std::abort();
  }
  void on_window(std::uint32_t id) override { must_know(id); }
  void on_control(std::string_view text) override {
    if (text.empty() || text.size() > channel::Mux::kMaxControlTextBytes) std::abort();
  }

  void open() {
    const auto id = mux.open({});
    if (id && !unconsumed_.emplace(*id, 0).second) std::abort();
  }
  void consume(std::uint32_t id, std::size_t size) {
    const auto found = unconsumed_.find(id);
    if (found == unconsumed_.end()) return;
    size = std::min(size, found->second);
    found->second -= size;
    mux.consumed(id, size);
  }
  void send(std::uint32_t id, std::size_t size) {
    while (mux.has_control()) {
      if (mux.take_control().empty()) std::abort();
    }
    size = std::min({size, mux.send_window(id), channel::Mux::kMaxFrameDataBytes});
    std::array<std::uint8_t, channel::Mux::kFrameHeaderBytes> header;
    if (size > 0) mux.frame(id, size, header);
  }
  void end(std::uint32_t id) {
    mux.end(id);
    if (mux.dialect() == channel::MuxDialect::kSmux) unconsumed_.erase(id);
  }
  void reset(std::uint32_t id) {
    mux.reset(id, "given up");
    unconsumed_.erase(id);
  }
  /// Streams chosen by the input: mostly those that exist.
  std::uint32_t pick(std::uint8_t number) const {
    if (unconsumed_.empty() || number == 255) return number;
    return std::next(unconsumed_.begin(), number % static_cast<long>(unconsumed_.size()))->first;
  }
  void check() const {
    if (mux.open_streams() > channel::Mux::kMaxStreams) std::abort();
    if (mux.dialect() == channel::MuxDialect::kFlow &&
        mux.unconsumed_bytes() >
            channel::Mux::kTotalWindowBytes + channel::Mux::kMaxStreams * channel::Mux::kInitialWindowBytes)
      std::abort();
  }

 private:
  void must_know(std::uint32_t id) const {
    if (!unconsumed_.contains(id)) std::abort();
  }
  void act(std::uint32_t id) {
    if ((habits_ & 32) != 0) return end(id);
    if ((habits_ & 64) != 0) return reset(id);
    if ((habits_ & 128) != 0) open();
  }

  /// Bits: what it does from within which call.
  std::uint8_t habits_;
  /// The streams that it may hear of, and what it holds of each.
  std::map<std::uint32_t, std::size_t> unconsumed_;

 public:
  channel::Mux mux;
};

}  // namespace

// One end against bytes and calls in any order. A piece of input is an operation, a length or a stream, and
// for bytes of the peer the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool flow = (data[0] & 1) != 0;
  // In kSmux no agent opens streams.
  const bool agent = (data[0] & 2) != 0;
  const auto habits = static_cast<std::uint8_t>(!flow && agent ? data[1] & 127 : data[1]);
  Owner owner(agent ? channel::MuxRole::kAgent : channel::MuxRole::kClient,
              flow ? channel::MuxDialect::kFlow : channel::MuxDialect::kSmux, habits);
  ByteView input(data + 2, size - 2);
  while (input.size() >= 2) {
    const auto what = input[0];
    const auto number = input[1];
    input = input.subspan(2);
    const auto id = owner.pick(number);
    switch (what % 8) {
      case 0:
      case 1: {
        const auto bytes = input.first(std::min<std::size_t>(number, input.size()));
        input = input.subspan(bytes.size());
        if (!owner.mux.on_bytes(bytes)) {
          if (owner.mux.on_bytes({})) std::abort();
          return 0;
        }
        break;
      }
      case 2:
        if (flow || !agent) owner.open();
        break;
      case 3:
        owner.send(id, std::size_t{number} * 257);
        break;
      case 4:
        owner.consume(id, std::size_t{number} * 257);
        break;
      case 5:
        owner.end(id);
        break;
      case 6:
        owner.reset(id);
        break;
      case 7:
        if (flow) owner.mux.control("text");
        (void)owner.mux.take_control();
        break;
    }
    owner.check();
  }
  return 0;
}
