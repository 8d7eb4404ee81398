#include <algorithm>
#include <array>
#include <cstdlib>

#include "channel/handshake.h"
#include "wire/control_payloads.h"

using namespace postern;

namespace {

const channel::SteadyTime kStart{std::chrono::hours(1)};
const channel::Extensions kExtensions = {"bulk", "mux-flow"};

constexpr std::array kTypes = {wire::PayloadType::kHandshakeRequest,
                               wire::PayloadType::kHandshakeResponse,
                               wire::PayloadType::kHandshakeComplete,
                               wire::PayloadType::kEncChallengeRequest,
                               wire::PayloadType::kEncChallengeResponse,
                               wire::PayloadType::kOutput,
                               wire::PayloadType::kFlag};

}  // namespace

// Each end against deliveries of any type: it answers at most once, agrees on nothing that it does not know,
// and what it says the other end understands. A piece of input is a type, a length, and the payload.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  channel::AgentHandshake agent("3.3.9999.0", wire::kPort, nullptr, kExtensions);
  channel::ClientHandshake client("1.2.900.0", kExtensions);
  agent.start(kStart);
  int answers = 0;
  int completions = 0;
  ByteView input(data, size);
  while (input.size() >= 3) {
    const auto type = kTypes[input[0] % kTypes.size()];
    const auto length = std::min<std::size_t>(load_be<std::uint16_t>(input.data() + 1), input.size() - 3);
    const auto payload = input.subspan(3, length);
    input = input.subspan(3 + length);
    if (const auto step = client.on_delivery(type, payload); step && step->send) {
      ++answers;
      channel::AgentHandshake other("3.3.9999.0", wire::kPort, nullptr, kExtensions);
      other.start(kStart);
      // It may fail, with the client's reason, but never for what the answer looks like.
      if (!decode_json_text<wire::HandshakeResponse>(step->send->payload)) std::abort();
      const auto understood = other.on_delivery(step->send->type, as_bytes(step->send->payload), kStart);
      if (understood && other.agreed().size() != client.agreed().size()) std::abort();
    }
    if (const auto step = agent.on_delivery(type, payload, kStart); step && *step) ++completions;
  }
  if (answers > 1 || completions > 1 || (completions == 1) != agent.complete()) std::abort();
  for (const auto* agreed : {&agent.agreed(), &client.agreed()}) {
    for (const auto& name : *agreed) {
      if (!channel::contains(kExtensions, name)) std::abort();
    }
  }
  return 0;
}
