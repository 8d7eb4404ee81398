#include "api/ssmmessages/channels.h"

#include "aws/codec.h"

namespace postern::api::ssmmessages {
namespace {

// An official agent stops reconnecting when it finds this phrase (control-plane.md 4.8).
constexpr std::string_view kTerminated = "Session is already terminated";

// Ids are compared as they are: none of ours needs escaping.
bool well_formed(const std::string& id) {
  return !id.empty() && id.size() <= 124 && id.find('/') == std::string::npos &&
         id.find('%') == std::string::npos;
}

net::Response token_response(const std::string& root, const std::string& token,
                             const std::string& request_id) {
  return xml_response(201,
                      '<' + root + "><MessageSchemaVersion>1.0</MessageSchemaVersion><TokenValue>" +
                          aws::escape_xml(token) + "</TokenValue></" + root + '>',
                      request_id);
}

Result<void> authorize_node(Call& call, const std::string& action, const std::string& node_id) {
  return authorize(
      call, {.action = "ssmmessages:" + action, .resources = {call.services.installation.node_arn(node_id)}});
}

}  // namespace

awaitable<Result<net::Response>> create_channel(Call& call, Route route) {
  if (!well_formed(route.resource_id))
    co_return std::unexpected(aws::kValidation("The path names no channel."));
  if (route.operation == "CreateControlChannel") {
    if (auto ok = authorize_node(call, route.operation, route.resource_id); !ok) {
      co_return std::unexpected(std::move(ok.error()));
    }
    co_return token_response("CreateControlChannelResponse",
                             call.services.gateway.issue_control_token(route.resource_id), call.request_id);
  }
  if (route.operation == "CreateDataChannel") {
    if (auto ok = authorize_node(call, route.operation, call.principal.name); !ok) {
      co_return std::unexpected(std::move(ok.error()));
    }
    const auto token =
        co_await call.services.gateway.issue_data_token(route.resource_id, call.principal.name);
    // Another node's session looks like none at all.
    if (!token)
      co_return std::unexpected(aws::kValidation(std::string(kTerminated) + ": " + route.resource_id));
    co_return token_response("CreateDataChannelResponse", *token, call.request_id);
  }
  co_return std::unexpected(
      aws::kUnknownOperation("Channels are created with POST and opened by a WebSocket upgrade."));
}

Result<net::AcceptUpgrade> open_channel(Call& call, const Route& route) {
  if (!well_formed(route.resource_id)) return std::unexpected(aws::kValidation("The path names no channel."));
  if (route.operation == "OpenControlChannel") {
    if (auto ok = authorize_node(call, route.operation, route.resource_id); !ok)
      return std::unexpected(ok.error());
    // An administrator may do everything but be a node.
    if (!call.principal.is_node(route.resource_id)) {
      return std::unexpected(aws::kAccessDenied("Only the node itself can open its control channel."));
    }
    return call.services.gateway.accept_control_channel(route.resource_id);
  }
  if (call.principal.kind == auth::PrincipalKind::kNode) {
    if (auto ok = authorize_node(call, route.operation, call.principal.name); !ok)
      return std::unexpected(ok.error());
  } else {
    call.decision = "the session token decides";
  }
  return call.services.gateway.accept_data_channel(route.resource_id, call.principal);
}

}  // namespace postern::api::ssmmessages
