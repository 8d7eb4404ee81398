#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "client/port/socks5.h"

// The first byte says how the rest is cut into pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using postern::client::Socks5;
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 16;
  postern::ByteView input(data + 1, size - 1);
  Socks5 socks;
  while (socks.needed() > 0 && !input.empty()) {
    if (socks.needed() > Socks5::kMaxNeededBytes) std::abort();
    const auto next = std::min({piece, socks.needed(), input.size()});
    const auto step = socks.feed(input.first(next));
    input = input.subspan(next);
    const bool over = step.destination || !step.failure.empty();
    // It ends once, and with one outcome.
    if (over != (socks.needed() == 0)) std::abort();
    if (step.destination && (!step.failure.empty() || step.destination->size() > 255 + 8)) std::abort();
  }
  return 0;
}
