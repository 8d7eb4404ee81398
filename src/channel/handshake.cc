#include "channel/handshake.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "wire/control_payloads.h"

namespace postern::channel {
namespace {

bool known_session_type(std::string_view type) {
  return type == wire::kStandardStream || type == wire::kInteractiveCommands ||
         type == wire::kNonInteractiveCommands || type == wire::kPort;
}

Extensions common(const Extensions& ours, const std::optional<Extensions>& theirs) {
  Extensions agreed;
  if (!theirs) return agreed;
  std::ranges::copy_if(ours, std::back_inserter(agreed),
                       [&](const auto& name) { return contains(*theirs, name); });
  return agreed;
}

wire::ProcessedClientAction refuse(const std::string& type, wire::ActionStatus status,
                                   const std::string& why) {
  return {type, static_cast<int>(status), nullptr, fmt::format("Failed to process action {}: {}", type, why)};
}

}  // namespace

bool contains(const Extensions& extensions, std::string_view name) {
  return std::ranges::find(extensions, name) != extensions.end();
}

AgentHandshake::AgentHandshake(std::string agent_version, std::string session_type,
                               boost::json::value properties, Extensions offered)
    : agent_version_(std::move(agent_version)),
      session_type_(std::move(session_type)),
      properties_(std::move(properties)),
      offered_(std::move(offered)) {}

Outgoing AgentHandshake::start(SteadyTime now) {
  started_ = now;
  wire::SessionTypeParameters parameters;
  parameters.session_type = session_type_;
  parameters.properties = properties_;
  wire::HandshakeRequest request;
  request.agent_version = agent_version_;
  request.requested_client_actions.push_back({wire::kActionSessionType, encode_json(parameters)});
  if (!offered_.empty()) request.extensions = offered_;
  return {wire::PayloadType::kHandshakeRequest, encode_json_text(request)};
}

std::expected<std::optional<Outgoing>, std::string> AgentHandshake::on_delivery(wire::PayloadType type,
                                                                                ByteView payload,
                                                                                SteadyTime now) {
  if (complete_ || type != wire::PayloadType::kHandshakeResponse) return std::nullopt;
  const auto response = decode_json_text<wire::HandshakeResponse>(as_text(payload));
  if (!response) return std::unexpected("invalid handshake response: " + response.error().message());
  for (const auto& action : response->processed_client_actions) {
    if (action.action_status == static_cast<int>(wire::ActionStatus::kSuccess)) continue;
    return std::unexpected(fmt::format("{} failed on client with status {} error: {}", action.action_type,
                                       action.action_status, action.error.value_or("")));
  }
  client_version_ = response->client_version;
  agreed_ = common(offered_, response->extensions);
  complete_ = true;
  wire::HandshakeComplete body;
  body.handshake_time_to_complete =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now - started_).count();
  body.customer_message = "";
  return Outgoing{wire::PayloadType::kHandshakeComplete, encode_json_text(body)};
}

std::expected<ClientHandshake::Step, std::string> ClientHandshake::on_delivery(wire::PayloadType type,
                                                                               ByteView payload) {
  if (complete_) return Step{};
  switch (type) {
    case wire::PayloadType::kHandshakeRequest:
      return on_request(payload);
    case wire::PayloadType::kHandshakeComplete: {
      auto body = decode_json_text<wire::HandshakeComplete>(as_text(payload));
      if (!body) return std::unexpected("invalid handshake completion: " + body.error().message());
      customer_message_ = body->customer_message.value_or("");
      complete_ = true;
      return Step{std::nullopt, true};
    }
    case wire::PayloadType::kEncChallengeRequest:
      // The action was refused, so no agent has a reason to send it.
      return std::unexpected("the agent started an encryption that was refused");
    default:
      if (session_type_.empty()) session_type_ = wire::kStandardStream;
      complete_ = true;
      return Step{};
  }
}

std::expected<ClientHandshake::Step, std::string> ClientHandshake::on_request(ByteView payload) {
  const auto request = decode_json_text<wire::HandshakeRequest>(as_text(payload));
  if (!request) return std::unexpected("invalid handshake request: " + request.error().message());
  // Two answers make an agent take the second for input (data-channel.md section 10, trap 36).
  if (std::exchange(answered_, true)) return Step{std::nullopt, true};
  agent_version_ = request->agent_version;
  wire::HandshakeResponse response;
  response.client_version = client_version_;
  boost::json::array errors;
  for (const auto& action : request->requested_client_actions) {
    auto processed = process(action);
    if (!processed.error->empty()) errors.emplace_back(*processed.error);
    response.processed_client_actions.push_back(std::move(processed));
  }
  if (!errors.empty()) response.errors = std::move(errors);
  agreed_ = common(supported_, request->extensions);
  if (!agreed_.empty()) response.extensions = agreed_;
  return Step{Outgoing{wire::PayloadType::kHandshakeResponse, encode_json_text(response)}, true};
}

wire::ProcessedClientAction ClientHandshake::process(const wire::RequestedClientAction& action) {
  if (action.action_type == wire::kActionKmsEncryption) {
    return refuse(action.action_type, wire::ActionStatus::kUnsupported,
                  "encryption with a KMS key is not supported");
  }
  if (action.action_type != wire::kActionSessionType) {
    return refuse(action.action_type, wire::ActionStatus::kUnsupported, "unknown action");
  }
  const auto parameters = decode_json<wire::SessionTypeParameters>(action.action_parameters);
  if (!parameters) {
    return refuse(action.action_type, wire::ActionStatus::kFailed, parameters.error().message());
  }
  if (!known_session_type(parameters->session_type)) {
    return refuse(action.action_type, wire::ActionStatus::kFailed,
                  "Unknown session type " + parameters->session_type);
  }
  session_type_ = parameters->session_type;
  properties_ = parameters->properties;
  return {action.action_type, static_cast<int>(wire::ActionStatus::kSuccess), nullptr, ""};
}

}  // namespace postern::channel
