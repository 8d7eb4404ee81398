#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "wire/agent_message.h"

namespace postern::gateway {

/// Whether a frame is use of its session, as idle time is measured (data-channel.md section 9, 11): a stream
/// message of type Output, StdErr or Size that carries something. Acknowledgements, flags and handshakes are
/// not, nor is a payload of nothing but smux keep-alives, which some official peers send every 10 s
/// (control-plane.md trap 38). `head` is the frame's, with all of its payload.
bool is_use(const wire::Peek& head, ByteView frame);

/// How long one session may be idle, and how long it may last: what to say, and when. Time is passed in.
class TimeLimits {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// The person is warned so long before the end, or a quarter of the limit when that is shorter.
  static constexpr std::chrono::seconds kWarning{60};

  /// `idle` and `duration` are limits, 0 for none. `started` is when the session began, which may be before
  /// this process did; `now` is when idle time begins to count. `document` set the limits, and is named to
  /// the person.
  TimeLimits(std::chrono::seconds idle, std::chrono::seconds duration, Instant started, Instant now,
             std::string document);

  bool any() const { return idle_.limit.count() > 0 || duration_.limit.count() > 0; }

  /// The session was used.
  void used(Instant now) { idle_.since = now; }

  /// What has become due.
  struct Due {
    enum class What { kWarn, kEnd } what;
    /// For the person.
    std::string text;
  };
  /// One thing at a time: call it until there is nothing. Each warning comes once, again only after the
  /// session was used in between.
  std::optional<Due> due(Instant now);

  /// When due() will have something at the earliest, if the session is not used; max() for never.
  Instant next() const;

 private:
  struct Limit {
    std::chrono::seconds limit;
    Instant since;
    /// The value of `since` for which the warning was given.
    std::optional<Instant> warned_for;

    std::chrono::milliseconds notice() const;
    Instant warning_at() const;
    Instant end_at() const;
    Instant next() const;
  };

  Limit idle_;
  Limit duration_;
  std::string document_;
};

}  // namespace postern::gateway
