#include "client/port/port_session.h"

#include <fmt/format.h>

#include <stdexcept>

#include "client/port/basic_port.h"
#include "client/port/forward_spec.h"
#include "client/port/mux_port.h"
#include "client/session/run_session.h"
#include "client/session/say.h"
#include "client/session/session.h"
#include "client/session/session_text.h"
#include "client/session/stdio_port.h"
#include "wire/extensions.h"

namespace postern::client {
namespace {

constexpr std::string_view kListening = "LocalPortForwarding";
constexpr std::string_view kUnix = "unix";
// Agents above it multiplex with a client of our version (data-channel.md 6.4, 13.1).
constexpr std::string_view kLastBasicAgent = "3.0.196.0";

std::string text_member(const boost::json::value& properties, std::string_view name) {
  if (!properties.is_object()) return "";
  const auto* member = properties.get_object().if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

std::string destination_of(const boost::json::value& properties) {
  if (auto socket = text_member(properties, "socket"); !socket.empty()) return socket;
  const auto host = text_member(properties, "host");
  const auto port = text_member(properties, "portNumber");
  return fmt::format("{}:{}", host.empty() ? "localhost" : host, port);
}

PortHooks plugin_hooks(const std::string& id, const std::string& destination, const LocalAddress& address,
                       bool multiplexed) {
  PortHooks hooks;
  hooks.ready = [=] {
    print_now(multiplexed ? opened_text(id, address) + std::string(kWaitingText)
                          : opened_text(id, address) + '\n');
  };
  hooks.connected = [=] { print_now(multiplexed ? accepted_text(id) : basic_accepted_text(id)); };
  hooks.refused = [=](std::string_view to, std::string_view reason) {
    print_now(kConnectFailedText);
    if (!reason.empty()) say(fmt::format("{}: {}", to.empty() ? destination : to, reason));
  };
  hooks.interrupted = [] { print_now(kSignalText); };
  hooks.tell = say;
  return hooks;
}

}  // namespace

std::expected<PortProperties, std::string> parse_port_properties(const boost::json::value& properties) {
  PortProperties parsed;
  parsed.listens = text_member(properties, "type") == kListening;
  parsed.destination = destination_of(properties);
  if (text_member(properties, "localConnectionType") == kUnix) {
    parsed.local_socket = text_member(properties, "localUnixSocket");
    if (parsed.local_socket.empty())
      return std::unexpected("localConnectionType is unix, but localUnixSocket names no socket");
    return parsed;
  }
  const auto port = text_member(properties, "localPortNumber");
  if (port.empty()) return parsed;
  const auto number = parse_port(port, 0);
  if (!number) return std::unexpected("localPortNumber: " + number.error());
  parsed.local_port = *number;
  return parsed;
}

bool is_multiplexed(const SessionFacts& facts) {
  return channel::contains(facts.agreed, wire::kExtensionMuxFlow) ||
         is_newer(facts.agent_version, kLastBasicAgent);
}

std::expected<std::unique_ptr<SessionKind>, std::string> make_port_session(
    const boost::asio::any_io_executor& executor, SessionLink& link, const SessionFacts& facts,
    StandardDescriptors descriptors) {
  const auto properties = parse_port_properties(facts.properties);
  if (!properties) return std::unexpected(properties.error());
  if (!properties->listens) return std::make_unique<StdioPort>(executor, link, facts, descriptors);
  LocalAddress address{"127.0.0.1", properties->local_port, ""};
  if (!properties->local_socket.empty()) address = {"", 0, properties->local_socket};
  const bool multiplexed = is_multiplexed(facts);
  PortPlan plan;
  try {
    plan.local.push_back({Listener(executor, address), "", properties->destination});
  } catch (const std::runtime_error& problem) {
    return std::unexpected(problem.what());
  }
  plan.hooks =
      plugin_hooks(facts.session_id, properties->destination, plan.local[0].listener.address(), multiplexed);
  plan.on_suspend = OnSuspend::kStop;
  if (multiplexed) return std::make_unique<MuxPort>(executor, link, facts, std::move(plan));
  return std::make_unique<BasicPort>(executor, link, std::move(plan));
}

}  // namespace postern::client
