#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/check.h"
#include "net/http_codec.h"

namespace {

using postern::net::HttpLimits;
using postern::net::Request;
using postern::net::RequestParser;

constexpr HttpLimits kLimits = {.max_header_bytes = 4096, .max_body_bytes = 4096};

/// The request that `input` holds when it comes in pieces of `step` bytes; nothing when it is refused or
/// unfinished.
std::optional<Request> parse(std::string_view input, std::size_t step) {
  RequestParser parser(kLimits);
  std::string inbox;
  while (!parser.done()) {
    const auto taken = parser.feed(inbox);
    if (!taken) return std::nullopt;
    POSTERN_CHECK(*taken <= inbox.size());
    inbox.erase(0, *taken);
    if (parser.done() || *taken > 0) continue;
    if (input.empty()) return std::nullopt;
    inbox += input.substr(0, step);
    input.remove_prefix(std::min(step, input.size()));
  }
  return parser.take();
}

}  // namespace

/// The first byte chooses the size of the pieces. However the bytes are cut, what is accepted is the same
/// request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = parse(input, size);
  const auto cut = parse(input, 1 + data[0]);
  if (!whole || !cut) return 0;
  POSTERN_CHECK(whole->method == cut->method && whole->target == cut->target && whole->body == cut->body);
  POSTERN_CHECK(whole->headers.all() == cut->headers.all());
  POSTERN_CHECK(whole->body.size() <= kLimits.max_body_bytes);
  return 0;
}
