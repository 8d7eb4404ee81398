#include <boost/json/parse.hpp>
#include <cstdlib>

#include "agent/command/split.h"
#include "agent/port/port_properties.h"
#include "agent/session_document.h"
#include "base/bytes.h"
#include "base/json_codec.h"

using namespace postern;

namespace {

// A refusal says why; a target that is accepted reads back as itself.
void check_target(const std::expected<agent::Target, std::string>& target) {
  if (!target) {
    if (target.error().empty()) std::abort();
    return;
  }
  const bool tcp = std::holds_alternative<agent::TcpTarget>(*target);
  const auto again = agent::parse_stream_target((tcp ? "tcp:" : "") + to_string(*target));
  if (!again || *again != *target) std::abort();
}

// Words that are quoted one by one are the same words again.
void check_split(std::string_view line) {
  const auto words = agent::split_command(line);
  if (!words) {
    if (words.error().empty()) std::abort();
    return;
  }
  std::string quoted;
  for (const auto& word : *words) {
    quoted += " '";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    quoted += '\'';
  }
  const auto again = agent::split_command(quoted);
  if (!again || *again != *words) std::abort();
}

}  // namespace

// What the agent reads of a start message and of its peer's streams: the document, destinations, commands.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  check_target(agent::parse_destination(text));
  check_target(agent::parse_stream_target(text));
  check_split(text);

  const auto document = decode_json_text<wire::SessionDocument>(text);
  if (!document) return 0;
  if (const auto inputs = agent::read_inputs(*document); !inputs && inputs.error().empty()) std::abort();
  const auto command = agent::read_command_properties(*document);
  if (command && !agent::valid_output_prefix(command->std_out_separator_prefix)) std::abort();
  const auto port = agent::read_port_properties(document->properties);
  if (!port) return 0;
  if (port->listeners.size() > agent::kMaxListeners) std::abort();
  if (port->target && !port->destinations.allows(*port->target)) std::abort();
  return 0;
}
