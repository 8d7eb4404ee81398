#include <cstdlib>

#include "wire/control_payloads.h"
#include "wire/handshake.h"
#include "wire/payloads.h"

using namespace postern;

namespace {

// What decodes encodes to a text that decodes again and is then stable.
template <class T>
void check(std::string_view text) {
  const auto first = decode_json_text<T>(text);
  if (!first) return;
  const auto encoded = encode_json_text(*first);
  const auto second = decode_json_text<T>(encoded);
  if (!second || encode_json_text(*second) != encoded) std::abort();
}

// The short way gives what the long way gives.
void check_acknowledge(std::string_view text) {
  const auto body = decode_json_text<wire::Acknowledge>(text);
  const auto numbers = wire::decode_acknowledge(text);
  if (body.has_value() != numbers.has_value()) std::abort();
  if (!body) return;
  if (numbers->number != body->acknowledged_message_sequence_number ||
      numbers->progress.has_value() != body->acknowledged_through.has_value())
    std::abort();
  if (!numbers->progress) return;
  const auto& progress = *numbers->progress;
  if (progress.acknowledged_through != *body->acknowledged_through ||
      progress.held_through != body->held_through.value_or(progress.acknowledged_through) ||
      progress.gap != body->gap.value_or(false) || progress.probe != body->probe.value_or(false))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto text = as_text(input);
  check<wire::OpenDataChannel>(text);
  check<wire::Acknowledge>(text);
  check_acknowledge(text);
  check<wire::ChannelClosed>(text);
  check<wire::AgentSessionState>(text);
  check<wire::TerminalSize>(text);
  check<wire::HandshakeRequest>(text);
  check<wire::HandshakeResponse>(text);
  check<wire::HandshakeComplete>(text);
  check<wire::OpenControlChannel>(text);
  check<wire::InteractiveShell>(text);
  check<wire::SessionStart>(text);
  check<wire::AgentTaskComplete>(text);
  check<wire::AgentTaskAcknowledge>(text);
  if (const auto code = wire::decode_exit_code(input)) wire::encode_exit_code(*code);
  if (const auto flag = wire::decode_flag(input)) {
    if (wire::encode_flag(*flag) != Bytes(input.begin(), input.end())) std::abort();
  }
  return 0;
}
