#include <algorithm>
#include <cstdlib>

#include "wire/agent_message.h"

using namespace postern;

// What parses can be peeked at with the same answer, lies inside the input, and serializes to something that
// parses alike.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto message = wire::parse(input);
  const auto seen = wire::peek(input.first(std::min(size, wire::kHeaderBytes)));
  if (!message) return 0;
  if (!seen || seen->type != message->header.type) std::abort();
  if (message->payload.size() != size - wire::kHeaderBytes || message->type_name.empty()) std::abort();
  wire::digest_matches(*message);
  if (message->header.type == wire::MessageType::kUnknown) return 0;
  const auto bytes = wire::serialize(message->header, message->payload);
  const auto again = wire::parse(bytes);
  if (!again || !wire::digest_matches(*again) || !std::ranges::equal(again->payload, message->payload) ||
      again->header.sequence_number != message->header.sequence_number ||
      again->header.stamp.message_id != message->header.stamp.message_id) {
    std::abort();
  }
  return 0;
}
