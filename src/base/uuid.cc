#include "base/uuid.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/random.h"

namespace postern {
namespace {

constexpr std::size_t kTextLength = 36;
constexpr std::array<std::size_t, 4> kHyphens = {8, 13, 18, 23};

}  // namespace

Uuid Uuid::random() {
  Uuid uuid;
  fill_random(uuid.bytes);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  std::string digits;
  digits.reserve(32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = std::ranges::find(kHyphens, i) != kHyphens.end();
    if (hyphen != (text[i] == '-')) return std::nullopt;
    if (!hyphen) digits += text[i];
  }
  const auto bytes = from_hex(digits);
  if (!bytes) return std::nullopt;
  Uuid uuid;
  std::ranges::copy(*bytes, uuid.bytes.begin());
  return uuid;
}

std::string Uuid::to_string() const {
  std::string text = to_hex(bytes);
  for (const auto at : kHyphens) text.insert(at, 1, '-');
  return text;
}

}  // namespace postern
