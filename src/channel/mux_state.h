#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "channel/control_queue.h"
#include "channel/mux.h"
#include "channel/receive_window.h"
#include "wire/mux_frame.h"

namespace postern::channel {

/// What a Mux knows. mux.cc is what its owner asks of it, mux_receive.cc what the peer's frames do.
struct Mux::State {
  enum class Opener { kThisEnd, kPeer };

  /// A stream is idle while the others consume this much.
  static constexpr std::uint64_t kIdleBytes = kMaxWindowBytes;

  struct Stream {
    Stream(Opener by, WindowBudget& budget)
        : opener(by), window(kInitialWindowBytes, kMaxWindowBytes, budget) {}

    Opener opener;
    bool accepted = false;
    /// No more will be sent from here, or from there.
    bool ended = false;
    bool peer_ended = false;
    /// kFlow: what the peer allows. Its size counts from kInitialWindowBytes, accepted or not.
    std::size_t allowed = kInitialWindowBytes;
    /// kFlow: the other direction. In kSmux only its `unconsumed` below.
    ReceiveWindow window;
    std::size_t smux_unconsumed = 0;
    /// kFlow: State::consumed_total when this stream last added to it.
    std::uint64_t consumed_last_at = 0;
    /// kFlow: the peer has been asked for its window, and not answered yet.
    bool reclaiming = false;
    /// The SYN or ACCEPT that must leave before data (ControlQueue::added).
    std::uint64_t announced_by = 0;
  };

  State(MuxRole own_role, MuxDialect spoken, MuxHandler& owner);

  bool flow() const { return dialect == MuxDialect::kFlow; }
  Stream* find(std::uint32_t id);
  const Stream* find(std::uint32_t id) const;
  bool opened_by_this_end(std::uint32_t id) const { return (id % 2 == 1) == (role == MuxRole::kClient); }
  /// Whether the stream exists or existed.
  bool was_opened(std::uint32_t id) const;
  std::size_t unconsumed_of(const Stream& stream) const;
  void remove(std::uint32_t id);
  /// kFlow: removes what nobody can use any more.
  void remove_if_over(std::uint32_t id);
  std::size_t pending_bytes() const;
  /// kFlow: when the budget has run short, asks for the windows of streams that don't use them.
  void reclaim_if_short();

  std::expected<void, MuxError> on_part(const wire::MuxParser::Part& part);
  std::expected<void, MuxError> on_syn(std::uint32_t id, std::string_view target);
  std::expected<void, MuxError> on_flow_syn(std::uint32_t id, std::string_view target);
  std::expected<void, MuxError> on_psh(std::uint32_t id, ByteView data);
  std::expected<void, MuxError> on_fin(std::uint32_t id);
  std::expected<void, MuxError> on_upd(std::uint32_t id, std::uint32_t granted);
  std::expected<void, MuxError> on_rst(std::uint32_t id, std::string_view reason);
  std::expected<void, MuxError> on_accept(std::uint32_t id);
  std::expected<void, MuxError> on_reclaim(std::uint32_t id);
  std::expected<void, MuxError> on_return(std::uint32_t id, std::uint32_t returned);

  const MuxRole role;
  const MuxDialect dialect;
  MuxHandler& handler;
  wire::MuxParser parser;
  WindowBudget budget{kTotalWindowBytes};
  std::unordered_map<std::uint32_t, Stream> streams;
  /// Of the streams opened by this end; wide enough not to wrap.
  std::uint64_t next_id;
  /// kFlow: of those opened by the peer, the last.
  std::uint32_t last_peer_id = 0;
  ControlQueue control;
  /// kFlow: streams whose peers are to be granted more. The amount is decided when the frame leaves.
  std::vector<std::uint32_t> grants_due;
  std::size_t unconsumed = 0;
  /// kFlow: bytes of all streams, ever. It is the clock by which a stream is idle: there is no other here.
  std::uint64_t consumed_total = 0;
  std::uint64_t reclaimed_at = 0;
  std::optional<MuxError> error;
};

}  // namespace postern::channel
