#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>
#include <utility>

#include "channel/mux.h"

using namespace postern;

namespace {

/// One of two ends: what it sent and received of each stream, byte by byte predictable.
class End final : public channel::MuxHandler {
 public:
  struct Stream {
    bool opened_here = false;
    bool accepted = false;
    bool ended = false;
    bool peer_ended = false;
    bool reset = false;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::size_t unconsumed = 0;
  };

  explicit End(channel::MuxRole role) : mux(role, channel::MuxDialect::kFlow, *this) {}

  void on_open(std::uint32_t id, std::string_view target) override {
    if (target != "target" || streams.contains(id)) std::abort();
    streams[id] = {};
  }
  void on_accept(std::uint32_t id) override {
    if (std::exchange(live(id).accepted, true)) std::abort();
  }
  void on_data(std::uint32_t id, ByteView data) override {
    auto& stream = live(id);
    if (stream.peer_ended || (stream.opened_here && !stream.accepted)) std::abort();
    if (!std::ranges::equal(data, content(id, stream.received, data.size()))) std::abort();
    stream.received += data.size();
    stream.unconsumed += data.size();
  }
  void on_end(std::uint32_t id) override {
    if (std::exchange(live(id).peer_ended, true)) std::abort();
  }
  void on_reset(std::uint32_t id, std::string_view reason) override {
    if (reason.empty()) std::abort();
    live(id).reset = true;
  }
  void on_window(std::uint32_t id) override {
    if (!live(id).ended && mux.send_window(id) == 0 && (live(id).opened_here || live(id).accepted))
      std::abort();
  }
  void on_control(std::string_view) override { std::abort(); }

  void open() {
    if (const auto id = mux.open("target")) streams[*id].opened_here = true;
  }
  void accept(std::uint32_t id) {
    auto& stream = streams[id];
    if (stream.reset || stream.opened_here || stream.accepted) return;
    stream.accepted = true;
    mux.accept(id);
  }
  void send(std::uint32_t id, std::size_t size) {
    flush();
    size = std::min({size, mux.send_window(id), channel::Mux::kMaxFrameDataBytes});
    if (size == 0) return;
    std::array<std::uint8_t, channel::Mux::kFrameHeaderBytes> header;
    mux.frame(id, size, header);
    outgoing.insert(outgoing.end(), header.begin(), header.end());
    auto& sent = streams[id].sent;
    const auto bytes = content(id, sent, size);
    outgoing.insert(outgoing.end(), bytes.begin(), bytes.end());
    sent += size;
  }
  void consume(std::uint32_t id, std::size_t size) {
    auto& stream = streams[id];
    if (stream.reset) return;
    size = std::min(size, stream.unconsumed);
    stream.unconsumed -= size;
    mux.consumed(id, size);
  }
  void end(std::uint32_t id) {
    if (streams[id].reset) return;
    streams[id].ended = true;
    mux.end(id);
  }
  void reset(std::uint32_t id) {
    mux.reset(id, "reason");
    streams[id].reset = true;
  }
  void flush() {
    while (mux.has_control()) {
      const auto bytes = mux.take_control();
      if (bytes.empty()) std::abort();
      outgoing.insert(outgoing.end(), bytes.begin(), bytes.end());
    }
  }
  /// Gives the first bytes of what has left this end to the other.
  void deliver(End& to, std::size_t size) {
    size = std::min(size, outgoing.size());
    if (!to.mux.on_bytes(ByteView(outgoing).first(size))) std::abort();
    outgoing.erase(outgoing.begin(), outgoing.begin() + static_cast<std::ptrdiff_t>(size));
  }

  std::map<std::uint32_t, Stream> streams;
  Bytes outgoing;
  channel::Mux mux;

 private:
  /// Bytes `at` and following of a stream: a pattern that repeats, from another place for each stream.
  static ByteView content(std::uint32_t id, std::uint64_t at, std::size_t size) {
    constexpr std::size_t kPeriod = 251;
    static const Bytes pattern = [] {
      Bytes bytes(kPeriod + channel::Mux::kMaxFrameDataBytes);
      for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>((i % kPeriod) * 37 ^ (i % kPeriod) >> 3);
      return bytes;
    }();
    return ByteView(pattern).subspan((at + id * 7) % kPeriod, size);
  }
  Stream& live(std::uint32_t id) {
    const auto found = streams.find(id);
    if (found == streams.end() || found->second.reset) std::abort();
    return found->second;
  }
};

void settle(End& a, End& b) {
  for (auto* end : {&a, &b}) {
    for (auto& [id, stream] : end->streams) {
      end->accept(id);
      end->end(id);
    }
  }
  for (bool busy = true; busy;) {
    for (auto* end : {&a, &b}) {
      for (auto& [id, stream] : end->streams) {
        end->consume(id, SIZE_MAX);
        end->end(id);
      }
      end->flush();
    }
    busy = !a.outgoing.empty() || !b.outgoing.empty();
    a.deliver(b, SIZE_MAX);
    b.deliver(a, SIZE_MAX);
  }
}

void compare(const End& from, const End& to) {
  if (from.mux.open_streams() != 0 || from.mux.unconsumed_bytes() != 0) std::abort();
  for (const auto& [id, sent] : from.streams) {
    const auto found = to.streams.find(id);
    if (found == to.streams.end()) {
      if (!sent.reset) std::abort();
      continue;
    }
    const auto& received = found->second;
    if (received.received > sent.sent) std::abort();
    if (!sent.reset && !received.reset && (received.received != sent.sent || !received.peer_ended))
      std::abort();
  }
}

}  // namespace

// Two ends do what the input says, and what they say to each other is cut where the input says. In the end
// both know the same: every stream that neither gave up has arrived whole, and nothing is left.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  End client(channel::MuxRole::kClient);
  End agent(channel::MuxRole::kAgent);
  for (std::size_t i = 0; i + 2 < size; i += 3) {
    auto& end = (data[i] & 128) != 0 ? agent : client;
    auto& other = &end == &agent ? client : agent;
    const auto amount = std::size_t{data[i + 2]} * ((data[i] & 64) != 0 ? 257 : 1);
    const auto what = data[i] % 8;
    if (what == 0) end.open();
    if (what == 1) {
      end.flush();
      end.deliver(other, amount);
    }
    if (what < 2 || end.streams.empty()) continue;
    const auto id =
        std::next(end.streams.begin(), data[i + 1] % static_cast<long>(end.streams.size()))->first;
    if (what == 2) end.accept(id);
    if (what == 3 || what == 7) end.send(id, amount);
    if (what == 4) end.consume(id, amount);
    if (what == 5) end.end(id);
    if (what == 6) end.reset(id);
  }
  settle(client, agent);
  compare(client, agent);
  compare(agent, client);
  return 0;
}
