#include "base/random.h"

#include <openssl/rand.h>

#include <limits>

#include "base/check.h"

namespace postern {

void fill_random(std::span<std::uint8_t> out) {
  POSTERN_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

std::uint64_t random_below(std::uint64_t bound) {
  POSTERN_CHECK(bound > 0);
  // Rejecting the incomplete last range keeps the distribution even.
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t limit = kMax - kMax % bound;
  std::uint64_t value = 0;
  do {
    fill_random({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  } while (value >= limit);
  return value % bound;
}

std::string random_text(std::size_t length, std::string_view alphabet) {
  POSTERN_CHECK(alphabet.size() >= 2 && alphabet.size() <= 256);
  std::string text;
  text.reserve(length);
  for (std::size_t i = 0; i < length; ++i) text += alphabet[random_below(alphabet.size())];
  return text;
}

}  // namespace postern
