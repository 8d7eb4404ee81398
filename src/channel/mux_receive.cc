#include <algorithm>
#include <utility>

#include "channel/mux_state.h"

namespace postern::channel {
namespace {

using wire::MuxCommand;

constexpr std::string_view kTooManyStreams = "too many streams are open";

MuxError mux_error(wire::MuxFrameError error) {
  switch (error) {
    case wire::MuxFrameError::kBadVersion:
      return MuxError::kBadVersion;
    case wire::MuxFrameError::kUnknownCommand:
      return MuxError::kUnknownCommand;
    case wire::MuxFrameError::kBadLength:
      return MuxError::kBadLength;
  }
  return MuxError::kBadLength;
}

std::unexpected<MuxError> bad_stream_id() {
  return std::unexpected(MuxError::kBadStreamId);
}

}  // namespace

std::expected<void, MuxError> Mux::on_bytes(ByteView bytes) {
  while (!state_->error) {
    const auto part = state_->parser.next(bytes);
    if (!part) {
      state_->error = mux_error(part.error());
    } else if (!*part) {
      return {};
    } else if (const auto done = state_->on_part(**part); !done) {
      state_->error = done.error();
    } else if (state_->pending_bytes() > kMaxPendingControlBytes) {
      state_->error = MuxError::kTooMuchControl;
    }
  }
  return std::unexpected(*state_->error);
}

std::expected<void, MuxError> Mux::State::on_part(const wire::MuxParser::Part& part) {
  const auto id = part.header.stream_id;
  switch (part.header.command) {
    case MuxCommand::kSyn:
      return flow() ? on_flow_syn(id, as_text(part.data)) : on_syn(id, {});
    case MuxCommand::kFin:
      return on_fin(id);
    case MuxCommand::kPsh:
      return on_psh(id, part.data);
    case MuxCommand::kNop:
      return {};
    case MuxCommand::kUpd:
      return on_upd(id, part.amount());
    case MuxCommand::kRst:
      return on_rst(id, as_text(part.data));
    case MuxCommand::kAccept:
      return on_accept(id);
    case MuxCommand::kReclaim:
      return on_reclaim(id);
    case MuxCommand::kReturn:
      return on_return(id, part.amount());
    case MuxCommand::kCtl:
      if (id != 0) return bad_stream_id();
      handler.on_control(as_text(part.data));
      return {};
  }
  return std::unexpected(MuxError::kUnknownCommand);
}

/// kSmux. Any id will do, and a second SYN is no news, as for official peers.
std::expected<void, MuxError> Mux::State::on_syn(std::uint32_t id, std::string_view target) {
  if (find(id) != nullptr) return {};
  if (role == MuxRole::kClient || streams.size() >= kMaxStreams) {
    control.add(MuxCommand::kFin, id);
    return {};
  }
  streams.try_emplace(id, Opener::kPeer, budget);
  handler.on_open(id, target);
  return {};
}

std::expected<void, MuxError> Mux::State::on_flow_syn(std::uint32_t id, std::string_view target) {
  if (id < 2 || opened_by_this_end(id) || id <= last_peer_id) return bad_stream_id();
  last_peer_id = id;
  if (streams.size() >= kMaxStreams) {
    control.add(MuxCommand::kRst, id, kTooManyStreams);
    return {};
  }
  streams.try_emplace(id, Opener::kPeer, budget);
  handler.on_open(id, target);
  return {};
}

std::expected<void, MuxError> Mux::State::on_psh(std::uint32_t id, ByteView data) {
  auto* stream = find(id);
  if (stream == nullptr) {
    // On its way when the stream ended.
    if (flow() && !was_opened(id)) return bad_stream_id();
    return {};
  }
  if (flow()) {
    const bool waits = stream->opener == Opener::kThisEnd && !stream->accepted;
    if (stream->peer_ended || waits) return bad_stream_id();
    if (!stream->window.on_data(data.size())) return std::unexpected(MuxError::kWindowExceeded);
  } else {
    if (stream->peer_ended) return {};
    stream->smux_unconsumed += data.size();
  }
  unconsumed += data.size();
  handler.on_data(id, data);
  return {};
}

std::expected<void, MuxError> Mux::State::on_fin(std::uint32_t id) {
  auto* stream = find(id);
  if (stream == nullptr) {
    if (flow() && !was_opened(id)) return bad_stream_id();
    return {};
  }
  if (stream->peer_ended) {
    if (flow()) return bad_stream_id();
    return {};
  }
  stream->peer_ended = true;
  stream->window.close();
  std::erase(grants_due, id);
  handler.on_end(id);
  if (flow()) remove_if_over(id);
  return {};
}

std::expected<void, MuxError> Mux::State::on_upd(std::uint32_t id, std::uint32_t granted) {
  auto* stream = find(id);
  if (stream == nullptr) {
    if (!was_opened(id)) return bad_stream_id();
    return {};
  }
  // No more than a window can be; a sender's count must not overflow.
  if (granted > kMaxWindowBytes - std::min(stream->allowed, kMaxWindowBytes))
    return std::unexpected(MuxError::kWindowExceeded);
  const bool grew_from_nothing = stream->allowed == 0 && granted > 0;
  stream->allowed += granted;
  if (grew_from_nothing && !stream->ended) handler.on_window(id);
  return {};
}

std::expected<void, MuxError> Mux::State::on_rst(std::uint32_t id, std::string_view reason) {
  if (find(id) == nullptr) {
    if (!was_opened(id)) return bad_stream_id();
    return {};
  }
  remove(id);
  handler.on_reset(id, reason);
  return {};
}

std::expected<void, MuxError> Mux::State::on_accept(std::uint32_t id) {
  if (!was_opened(id) || !opened_by_this_end(id)) return bad_stream_id();
  auto* stream = find(id);
  if (stream == nullptr) return {};
  if (std::exchange(stream->accepted, true)) return bad_stream_id();
  handler.on_accept(id);
  return {};
}

std::expected<void, MuxError> Mux::State::on_reclaim(std::uint32_t id) {
  auto* stream = find(id);
  if (stream == nullptr) {
    if (!was_opened(id)) return bad_stream_id();
    return {};
  }
  const auto returned = stream->allowed - std::min(stream->allowed, kInitialWindowBytes);
  stream->allowed -= returned;
  control.add_amount(MuxCommand::kReturn, id, static_cast<std::uint32_t>(returned));
  return {};
}

std::expected<void, MuxError> Mux::State::on_return(std::uint32_t id, std::uint32_t returned) {
  auto* stream = find(id);
  if (stream == nullptr) {
    if (!was_opened(id)) return bad_stream_id();
    return {};
  }
  if (!std::exchange(stream->reclaiming, false)) return bad_stream_id();
  if (stream->peer_ended) return {};
  if (!stream->window.returned(returned)) return std::unexpected(MuxError::kWindowExceeded);
  return {};
}

}  // namespace postern::channel
