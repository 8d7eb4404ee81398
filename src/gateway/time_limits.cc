#include "gateway/time_limits.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace postern::gateway {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

// smux version 1, command NOP, no data; the stream id behind it is any (data-channel.md 6.7).
constexpr std::size_t kSmuxHeaderBytes = 8;
constexpr std::array<std::uint8_t, 4> kSmuxNop = {1, 3, 0, 0};

bool is_only_keep_alives(ByteView payload) {
  if (payload.size() % kSmuxHeaderBytes != 0) return false;
  for (; !payload.empty(); payload = payload.subspan(kSmuxHeaderBytes)) {
    if (!std::ranges::equal(payload.first(kSmuxNop.size()), kSmuxNop)) return false;
  }
  return true;
}

// `20 minutes`, `90 seconds`.
std::string spell(milliseconds time) {
  const auto whole = std::chrono::round<seconds>(time).count();
  const bool minutes = whole >= 60 && whole % 60 == 0;
  const auto count = minutes ? whole / 60 : whole;
  return fmt::format("{} {}{}", count, minutes ? "minute" : "second", count == 1 ? "" : "s");
}

}  // namespace

bool is_use(const wire::Peek& head, ByteView frame) {
  if (head.type != wire::MessageType::kInputStreamData && head.type != wire::MessageType::kOutputStreamData)
    return false;
  const auto payload = frame.subspan(std::min(frame.size(), wire::kHeaderBytes));
  switch (head.payload_type) {
    case wire::PayloadType::kOutput:
      return !payload.empty() && !is_only_keep_alives(payload);
    case wire::PayloadType::kStdErr:
    case wire::PayloadType::kSize:
      return !payload.empty();
    default:
      return false;
  }
}

TimeLimits::TimeLimits(seconds idle, seconds duration, Instant started, Instant now, std::string document)
    : idle_{.limit = idle, .since = now, .warned_for = {}},
      duration_{.limit = duration, .since = started, .warned_for = {}},
      document_(std::move(document)) {}

milliseconds TimeLimits::Limit::notice() const {
  return std::min<milliseconds>(kWarning, duration_cast<milliseconds>(limit) / 4);
}

TimeLimits::Instant TimeLimits::Limit::end_at() const {
  return limit.count() > 0 ? since + limit : Instant::max();
}

TimeLimits::Instant TimeLimits::Limit::warning_at() const {
  return limit.count() > 0 ? end_at() - notice() : Instant::max();
}

TimeLimits::Instant TimeLimits::Limit::next() const {
  return warned_for == since ? end_at() : warning_at();
}

TimeLimits::Instant TimeLimits::next() const {
  return std::min(idle_.next(), duration_.next());
}

std::optional<TimeLimits::Due> TimeLimits::due(Instant now) {
  if (now >= duration_.end_at()) {
    return Due{Due::What::kEnd,
               fmt::format("This session has lasted {} and has been ended: maxSessionDuration of "
                           "document {}.",
                           spell(duration_.limit), document_)};
  }
  if (now >= idle_.end_at()) {
    return Due{Due::What::kEnd,
               fmt::format("This session was idle for {} and has been ended: idleSessionTimeout of "
                           "document {}.",
                           spell(idle_.limit), document_)};
  }
  if (now >= duration_.next()) {
    duration_.warned_for = duration_.since;
    return Due{
        Due::What::kWarn,
        fmt::format("This session will be ended in {}: it may last {}, maxSessionDuration of document {}.",
                    spell(duration_cast<milliseconds>(duration_.end_at() - now)), spell(duration_.limit),
                    document_)};
  }
  if (now >= idle_.next()) {
    idle_.warned_for = idle_.since;
    return Due{
        Due::What::kWarn,
        fmt::format("This session is idle and will be ended in {} unless it is used: idleSessionTimeout of "
                    "document {}.",
                    spell(duration_cast<milliseconds>(idle_.end_at() - now)), document_)};
  }
  return std::nullopt;
}

}  // namespace postern::gateway
