#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Bytes of text as policies see them: ASCII case folding, and the limits of UTF-8 characters. Nothing here
/// knows Unicode's own case or normal forms: names and ARNs are compared byte by byte.
namespace postern::iam {

constexpr char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A to Z in lower case; other bytes as they are.
std::string folded(std::string_view text);
bool equal_folded(std::string_view a, std::string_view b);
/// FNV-1a over the folded bytes; equal for texts that are equal_folded.
std::uint64_t hash_folded(std::string_view text);

/// Does this byte continue a character that an earlier one began?
constexpr bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// The length of the character that begins at `text[at]`: 1 to 4, or 0 when it is not valid UTF-8 (overlong
/// forms, surrogates and values above U+10FFFF included).
std::size_t utf8_length(std::string_view text, std::size_t at);
bool is_utf8(std::string_view text);

}  // namespace postern::iam
