#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of `text`; valid as long as the text is.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The same bytes seen as text, with no claim about their encoding; valid as long as the bytes are.
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

/// Reads an integer in network byte order. `from` must hold at least sizeof(Int) bytes.
template <std::unsigned_integral Int>
Int load_be(const std::uint8_t* from) {
  Int value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::little && sizeof(Int) > 1) value = std::byteswap(value);
  return value;
}

/// Writes an integer in network byte order. `to` must have room for sizeof(Int) bytes.
template <std::unsigned_integral Int>
void store_be(std::uint8_t* to, Int value) {
  if constexpr (std::endian::native == std::endian::little && sizeof(Int) > 1) value = std::byteswap(value);
  std::memcpy(to, &value, sizeof value);
}

/// The same in the order of smux: the least significant byte first.
template <std::unsigned_integral Int>
Int load_le(const std::uint8_t* from) {
  Int value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::big && sizeof(Int) > 1) value = std::byteswap(value);
  return value;
}

template <std::unsigned_integral Int>
void store_le(std::uint8_t* to, Int value) {
  if constexpr (std::endian::native == std::endian::big && sizeof(Int) > 1) value = std::byteswap(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace postern
