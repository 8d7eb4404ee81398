#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// A UUID as 16 bytes in text order (RFC 4122).
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// Random, version 4.
  static Uuid random();
  /// Accepts the hyphenated form of 36 characters in either case; nothing otherwise.
  static std::optional<Uuid> parse(std::string_view text);
  /// Hyphenated, lower case.
  std::string to_string() const;

  auto operator<=>(const Uuid&) const = default;
};

}  // namespace postern
