#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "net/ws_inbox.h"

namespace {

using postern::Bytes;
using postern::ByteView;
using postern::net::WsInbox;
using postern::net::WsRole;

constexpr std::size_t kLimit = 4096;

/// Everything that `input` yields when it comes in pieces of `step` bytes, flattened, with the error at its
/// end.
Bytes receive(ByteView input, WsRole role, std::size_t step) {
  WsInbox inbox(role, kLimit);
  Bytes seen;
  while (true) {
    const auto message = inbox.next();
    if (!message) {
      seen.push_back(static_cast<std::uint8_t>(message.error()));
      return seen;
    }
    if (*message) {
      POSTERN_CHECK((*message)->payload.size() <= kLimit);
      seen.push_back(static_cast<std::uint8_t>((*message)->opcode));
      seen.insert(seen.end(), (*message)->payload.begin(), (*message)->payload.end());
      continue;
    }
    if (input.empty()) return seen;
    const auto space = inbox.space();
    const auto size = std::min({step, space.size(), input.size()});
    std::copy_n(input.begin(), size, space.begin());
    inbox.received(size);
    input = input.subspan(size);
    POSTERN_CHECK(inbox.capacity() <= 64 * 1024);
  }
}

}  // namespace

/// The first byte chooses the role and the size of the pieces; how the bytes are cut must not matter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto role = (data[0] & 1) != 0 ? WsRole::kServer : WsRole::kClient;
  const ByteView input(data + 1, size - 1);
  POSTERN_CHECK(receive(input, role, 1 + (data[0] >> 1)) == receive(input, role, size));
  return 0;
}
