#include "client/commands/forward_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/control_payloads.h"
#include "wire/extensions.h"

namespace postern::client {
namespace {

constexpr std::string_view kLoopback = "127.0.0.1";
constexpr std::string_view kEverywhere = "0.0.0.0";

std::string destination_text(const LocalAddress& to) {
  return to.is_unix() ? "unix:" + to.path : to.to_string();
}

std::string listener_text(const LocalAddress& from) {
  if (from.host == kLoopback) return std::to_string(from.port);
  return from.host == kEverywhere ? fmt::format("*:{}", from.port) : from.to_string();
}

std::string what_needs_our_agent(const ForwardChoices& choices) {
  if (!choices.dynamic.empty()) return "-D";
  if (!choices.remote.empty()) return "-R";
  const bool socket = std::ranges::any_of(choices.local, [](const auto& spec) { return spec.to.is_unix(); });
  return socket ? "-L to a UNIX socket" : "";
}

}  // namespace

StartSessionRequest forwarding_request(const ForwardChoices& choices) {
  SessionParameters parameters;
  for (const auto& spec : choices.local) {
    auto& destinations = parameters["destinations"];
    if (const auto text = destination_text(spec.to);
        std::ranges::find(destinations, text) == destinations.end())
      destinations.push_back(text);
    // An agent that knows one destination only takes it from here.
    if (spec.to.is_unix() || parameters.contains("host")) continue;
    parameters["host"] = {spec.to.host};
    parameters["portNumber"] = {std::to_string(spec.to.port)};
  }
  if (!choices.dynamic.empty()) parameters["destinations"] = {"*"};
  for (const auto& spec : choices.remote) parameters["listeners"].push_back(listener_text(spec.from));
  return {.target = choices.target,
          .document_name = "Postern-StartForwarding",
          .reason = choices.reason,
          .parameters = std::move(parameters)};
}

StartSessionRequest remote_host_request(const ForwardChoices& choices, const ForwardSpec& spec) {
  return {.target = choices.target,
          .document_name = "AWS-StartPortForwardingSessionToRemoteHost",
          .reason = choices.reason,
          .parameters =
              SessionParameters{{"host", {spec.to.host}}, {"portNumber", {std::to_string(spec.to.port)}}}};
}

std::expected<ForwardWay, std::string> choose_way(const ForwardChoices& choices, const SessionFacts& facts) {
  if (facts.session_type != wire::kPort)
    return std::unexpected(
        fmt::format("the node started a session of type {} instead of a port", facts.session_type));
  if (channel::contains(facts.agreed, wire::kExtensionMuxFlow)) return ForwardWay::kOneSession;
  if (const auto what = what_needs_our_agent(choices); !what.empty()) {
    return std::unexpected(fmt::format(
        "the agent on {} (version {}) can't do {}: it forwards local ports to hosts and ports only; "
        "postern-agent does all of it",
        choices.target, facts.agent_version, what));
  }
  return choices.local.size() == 1 ? ForwardWay::kOfficialSession : ForwardWay::kSessionForEach;
}

std::string stream_target(const LocalAddress& to) {
  return to.is_unix() ? "unix:" + to.path : "tcp:" + to.to_string();
}

}  // namespace postern::client
