#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace postern {

/// Fills `out` from OpenSSL's generator, which the system seeds.
void fill_random(std::span<std::uint8_t> out);

/// `length` characters drawn evenly from `alphabet` (2 to 256 characters).
std::string random_text(std::size_t length, std::string_view alphabet);

inline constexpr std::string_view kHexAlphabet = "0123456789abcdef";
inline constexpr std::string_view kLowerAlphanumeric = "0123456789abcdefghijklmnopqrstuvwxyz";
/// The letters of AWS's own identifiers (RFC 4648 base32).
inline constexpr std::string_view kBase32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
inline constexpr std::string_view kAlphanumeric =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Evenly distributed in [0, bound); bound must be positive.
std::uint64_t random_below(std::uint64_t bound);

}  // namespace postern
