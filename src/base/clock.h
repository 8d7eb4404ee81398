#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// UTC, microseconds: the one form in which times are stored and compared.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Where code that decides by time gets it, so that tests can set it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

/// The machine's real-time clock.
class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

std::int64_t to_unix_micros(Timestamp time);
std::int64_t to_unix_millis(Timestamp time);
Timestamp from_unix_micros(std::int64_t micros);

/// `2026-11-23T05:18:29Z`; with `fraction`, milliseconds before the Z.
enum class IsoFraction { kNone, kMilliseconds };
std::string to_iso8601(Timestamp time, IsoFraction fraction = IsoFraction::kNone);

/// RFC 3339 forms with `Z` or a numeric offset, with or without a fraction, or a bare date; nothing
/// otherwise.
std::optional<Timestamp> from_iso8601(std::string_view text);

/// `20261123T051829Z`, the form of X-Amz-Date.
std::string to_amz_date(Timestamp time);
std::optional<Timestamp> from_amz_date(std::string_view text);

}  // namespace postern
