#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

/// The typed values of conditions. What can't be read is equal to nothing and in no order with anything.
namespace postern::iam {

/// A decimal number, exactly: up to 18 digits on either side of the point.
struct Decimal {
  std::int64_t whole = 0;
  /// In units of 10^-18, with the sign of the number.
  std::int64_t fraction = 0;

  auto operator<=>(const Decimal&) const = default;
};
std::optional<Decimal> parse_decimal(std::string_view text);

/// The W3C's forms of ISO 8601 (year; month; day; with hours and minutes, seconds, fraction, and `Z` or an
/// offset), or seconds since the epoch. Four digits are a year.
std::optional<Timestamp> parse_date(std::string_view text);

/// `true` or `false`, whatever the case.
std::optional<bool> parse_bool(std::string_view text);

/// An IP address; an IPv4 address written in IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
struct IpAddress {
  enum class Family : std::uint8_t { kV4, kV6 };
  Family family = Family::kV4;
  /// IPv4 in the first four.
  std::array<std::uint8_t, 16> bytes{};

  bool operator==(const IpAddress&) const = default;
};
std::optional<IpAddress> parse_ip(std::string_view text);

/// `203.0.113.0/24`, `2001:db8::/32`, or one address.
struct IpRange {
  IpAddress address;
  /// Leading bits that count.
  unsigned bits = 0;

  /// Never across families.
  bool contains(const IpAddress& other) const;
  bool operator==(const IpRange&) const = default;
};
std::optional<IpRange> parse_ip_range(std::string_view text);

}  // namespace postern::iam
