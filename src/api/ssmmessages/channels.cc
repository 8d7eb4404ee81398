#include "api/ssmmessages/channels.h"

#include "api/access.h"
#include "api/recorded_access.h"
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

awaitable<Result<void>> authorize_node(Call& call, std::string action, std::string node_id) {
  auth::Access access{.action = "ssmmessages:" + action};
  access.about(co_await node_resource(call.services, std::move(node_id)));
  co_return co_await authorize(call, std::move(access));
}

}  // namespace

awaitable<Result<net::Response>> create_channel(Call& call, Route route) {
  if (!well_formed(route.resource_id))
    co_return std::unexpected(aws::kValidation("The path names no channel."));
  if (route.operation == "CreateControlChannel") {
    auto ok = co_await authorize_node(call, route.operation, route.resource_id);
    if (!ok) {
      // What it still has open was allowed before; without a control channel nobody else looks at it.
      if (call.principal.is_node(route.resource_id))
        co_await call.services.gateway.drop_node(route.resource_id, call.decision);
      co_return std::unexpected(std::move(ok.error()));
    }
    co_return token_response("CreateControlChannelResponse",
                             call.services.gateway.issue_control_token(route.resource_id), call.request_id);
  }
  if (route.operation == "CreateDataChannel") {
    if (call.principal.kind != auth::PrincipalKind::kNode)
      co_return std::unexpected(aws::kAccessDenied("Only a managed node can open its end of a session."));
    auto ok = co_await authorize_node(call, route.operation, call.principal.name);
    if (!ok) co_return std::unexpected(std::move(ok.error()));
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

awaitable<Result<net::AcceptUpgrade>> open_channel(Call& call, Route route) {
  if (!well_formed(route.resource_id))
    co_return std::unexpected(aws::kValidation("The path names no channel."));
  if (route.operation == "OpenControlChannel") {
    auto ok = co_await authorize_node(call, route.operation, route.resource_id);
    if (!ok) co_return std::unexpected(std::move(ok.error()));
    // An administrator may do everything but be a node.
    if (!call.principal.is_node(route.resource_id)) {
      co_return std::unexpected(aws::kAccessDenied("Only the node itself can open its control channel."));
    }
    co_return call.services.gateway.accept_control_channel(route.resource_id,
                                                           to_text({.request_keys = request_keys(call)}));
  }
  if (call.principal.kind == auth::PrincipalKind::kNode) {
    auto ok = co_await authorize_node(call, route.operation, call.principal.name);
    if (!ok) co_return std::unexpected(std::move(ok.error()));
  } else {
    call.decision = "the session token decides";
  }
  co_return call.services.gateway.accept_data_channel(route.resource_id, call.principal);
}

}  // namespace postern::api::ssmmessages
