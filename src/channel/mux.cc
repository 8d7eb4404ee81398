#include "channel/mux.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "channel/mux_state.h"

namespace postern::channel {
namespace {

using wire::MuxCommand;

/// Not in the middle of a character.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  auto size = max_bytes;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace

std::string_view to_string(MuxError error) {
  switch (error) {
    case MuxError::kBadVersion:
      return "multiplexed stream: version is not 1";
    case MuxError::kUnknownCommand:
      return "multiplexed stream: unknown command";
    case MuxError::kBadLength:
      return "multiplexed stream: length does not suit the command";
    case MuxError::kBadStreamId:
      return "multiplexed stream: frame for a stream that is not in a state for it";
    case MuxError::kWindowExceeded:
      return "multiplexed stream: window exceeded";
    case MuxError::kTooMuchControl:
      return "multiplexed stream: more requests than answers can be sent";
  }
  return "multiplexed stream: error";
}

Mux::State::State(MuxRole own_role, MuxDialect spoken, MuxHandler& owner)
    : role(own_role),
      dialect(spoken),
      handler(owner),
      parser(spoken),
      next_id(own_role == MuxRole::kClient ? 3 : 2) {}

Mux::State::Stream* Mux::State::find(std::uint32_t id) {
  const auto found = streams.find(id);
  return found == streams.end() ? nullptr : &found->second;
}

const Mux::State::Stream* Mux::State::find(std::uint32_t id) const {
  const auto found = streams.find(id);
  return found == streams.end() ? nullptr : &found->second;
}

bool Mux::State::was_opened(std::uint32_t id) const {
  if (id == 0) return false;
  return opened_by_this_end(id) ? id > 1 && id < next_id : id <= last_peer_id;
}

std::size_t Mux::State::unconsumed_of(const Stream& stream) const {
  return flow() ? stream.window.unconsumed() : stream.smux_unconsumed;
}

void Mux::State::remove(std::uint32_t id) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  unconsumed -= unconsumed_of(found->second);
  std::erase(grants_due, id);
  streams.erase(found);
}

void Mux::State::remove_if_over(std::uint32_t id) {
  const auto* stream = find(id);
  // Counted until consumed: whoever opens and ends streams in a row could fill any memory otherwise.
  if (stream != nullptr && stream->ended && stream->peer_ended && unconsumed_of(*stream) == 0) remove(id);
}

std::size_t Mux::State::pending_bytes() const {
  return control.bytes() + grants_due.size() * (wire::kMuxHeaderBytes + wire::kMuxAmountBytes);
}

void Mux::State::reclaim_if_short() {
  if (!budget.take_shortage() || consumed_total < reclaimed_at + kIdleBytes) return;
  reclaimed_at = consumed_total;
  for (auto& [id, stream] : streams) {
    if (stream.window.extra() == 0 || stream.reclaiming || stream.peer_ended ||
        consumed_total < stream.consumed_last_at + kIdleBytes)
      continue;
    stream.reclaiming = true;
    control.add(MuxCommand::kReclaim, id);
  }
}

Mux::Mux(MuxRole role, MuxDialect dialect, MuxHandler& handler)
    : state_(std::make_unique<State>(role, dialect, handler)) {}

Mux::~Mux() = default;

MuxDialect Mux::dialect() const {
  return state_->dialect;
}

bool Mux::wants_bytes() const {
  return state_->flow() || state_->unconsumed < kSmuxBudgetBytes;
}

void Mux::consumed(std::uint32_t id, std::size_t size) {
  auto* stream = state_->find(id);
  if (stream == nullptr) return;
  POSTERN_CHECK(size <= state_->unconsumed_of(*stream));
  state_->unconsumed -= size;
  if (!state_->flow()) {
    stream->smux_unconsumed -= size;
    return;
  }
  state_->consumed_total += size;
  stream->consumed_last_at = state_->consumed_total;
  if (stream->window.consumed(size)) state_->grants_due.push_back(id);
  state_->reclaim_if_short();
  state_->remove_if_over(id);
}

std::optional<std::uint32_t> Mux::open(std::string_view target) {
  POSTERN_CHECK(target.size() <= (state_->flow() ? kMaxTargetBytes : 0));
  POSTERN_CHECK(state_->flow() || state_->role == MuxRole::kClient);
  if (state_->streams.size() >= kMaxStreams) return std::nullopt;
  if (state_->next_id > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  const auto id = static_cast<std::uint32_t>(state_->next_id);
  state_->next_id += 2;
  state_->control.add(MuxCommand::kSyn, id, target);
  auto& stream = state_->streams.try_emplace(id, State::Opener::kThisEnd, state_->budget).first->second;
  stream.announced_by = state_->control.added();
  return id;
}

void Mux::accept(std::uint32_t id) {
  auto* stream = state_->find(id);
  if (stream == nullptr || !state_->flow()) return;
  POSTERN_CHECK(stream->opener == State::Opener::kPeer);
  if (std::exchange(stream->accepted, true)) return;
  state_->control.add(MuxCommand::kAccept, id);
  stream->announced_by = state_->control.added();
}

std::size_t Mux::send_window(std::uint32_t id) const {
  const auto* stream = state_->find(id);
  if (stream == nullptr || stream->ended) return 0;
  if (!state_->flow()) return kMaxFrameDataBytes;
  if (stream->opener == State::Opener::kPeer && !stream->accepted) return 0;
  return stream->allowed;
}

void Mux::frame(std::uint32_t id, std::size_t size, std::span<std::uint8_t, kFrameHeaderBytes> header) {
  POSTERN_CHECK(size > 0 && size <= std::min(send_window(id), kMaxFrameDataBytes));
  auto& stream = *state_->find(id);
  POSTERN_CHECK(stream.announced_by <= state_->control.taken());
  if (state_->flow()) stream.allowed -= size;
  wire::write_mux_header({MuxCommand::kPsh, static_cast<std::uint16_t>(size), id}, header);
}

void Mux::end(std::uint32_t id) {
  auto* stream = state_->find(id);
  if (stream == nullptr || std::exchange(stream->ended, true)) return;
  state_->control.add(MuxCommand::kFin, id);
  if (state_->flow()) {
    state_->remove_if_over(id);
  } else {
    state_->remove(id);
  }
}

void Mux::reset(std::uint32_t id, std::string_view reason) {
  if (!state_->flow()) return end(id);
  if (state_->find(id) == nullptr) return;
  state_->control.add(MuxCommand::kRst, id, cut_utf8(reason, kMaxReasonBytes));
  state_->remove(id);
}

void Mux::control(std::string_view text) {
  POSTERN_CHECK(state_->flow() && !text.empty() && text.size() <= kMaxControlTextBytes);
  state_->control.add(MuxCommand::kCtl, 0, text);
}

Bytes Mux::take_control() {
  // Grants first: a peer waits for them.
  if (state_->grants_due.empty()) return state_->control.take();
  Bytes payload;
  for (const auto id : state_->grants_due) {
    auto& window = state_->find(id)->window;
    wire::append_mux_amount(payload, MuxCommand::kUpd, id, static_cast<std::uint32_t>(window.take_grant()));
  }
  state_->grants_due.clear();
  return payload;
}

bool Mux::has_control() const {
  return !state_->control.empty() || !state_->grants_due.empty();
}

std::size_t Mux::open_streams() const {
  return state_->streams.size();
}

std::size_t Mux::unconsumed_bytes() const {
  return state_->unconsumed;
}

}  // namespace postern::channel
