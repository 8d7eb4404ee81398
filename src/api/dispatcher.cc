#include "api/dispatcher.h"

#include <utility>

#include "api/ec2messages/operations.h"
#include "api/iam/operations.h"
#include "api/iam/sign_in_operations.h"
#include "api/iam/simulate.h"
#include "api/organizations/operations.h"
#include "api/source_address.h"
#include "api/ssm/operations.h"
#include "api/ssmmessages/channels.h"
#include "api/sts/decode_authorization.h"
#include "api/sts/operations.h"
#include "base/log.h"
#include "base/uuid.h"

namespace postern::api {
namespace {

aws::SignableRequest signable(const net::Request& request) {
  return {.method = request.method,
          .target = request.target,
          .headers = request.headers.all(),
          .body = request.body};
}

bool is_signed(const net::Request& request) {
  return request.headers.find("Authorization").has_value() ||
         request.query().find("X-Amz-Signature=") != std::string_view::npos;
}

// The encoded message is for the caller: the log says more in fewer words.
std::string_view logged_message(const aws::ApiError* error) {
  if (error == nullptr) return "-";
  const std::string_view message = error->message;
  return message.substr(0, message.find(". Encoded authorization failure message"));
}

// What a user's session token is not good for (STS API Reference, "GetSessionToken").
Result<void> check_session_token(const auth::Principal& principal, const Route& route) {
  if (principal.kind != auth::PrincipalKind::kUser || !principal.token_issued) return {};
  if (route.service == "iam" && !principal.mfa_time)
    return std::unexpected(aws::kUnrecognizedClient(
        "The security token included in the request is invalid: a session token is good for "
        "IAM only when it was got with an MFA code."));
  const bool allowed_of_sts = route.operation == "AssumeRole" || route.operation == "GetCallerIdentity";
  if (route.service == "sts" && !allowed_of_sts)
    return std::unexpected(
        aws::kAccessDenied("Cannot call " + route.operation + " with the session token of a user"));
  return {};
}

void log_call(const Call& call, const Route& route, const aws::ApiError* error) {
  const auto caller =
      call.principal.kind == auth::PrincipalKind::kAnonymous ? std::string("anonymous") : call.principal.arn;
  const log::Fields fields = {{"service", route.service},
                              {"operation", route.operation},
                              {"caller", caller},
                              {"from", call.source_address},
                              {"request_id", call.request_id},
                              {"action", call.action.empty() ? "-" : call.action},
                              {"resource", call.resource.empty() ? "-" : call.resource},
                              {"decision", call.decision.empty() ? "-" : call.decision},
                              {"error", error ? error->code : "-"},
                              {"message", logged_message(error)}};
  if (error && error->status >= 500) {
    log::error("api_call", fields);
  } else {
    log::info("api_call", fields);
  }
}

}  // namespace

Dispatcher::Dispatcher(const Services& services, auth::Authenticator& authenticator)
    : services_(services), authenticator_(authenticator), last_uses_(services.store) {
  iam::register_identities(registry_);
  iam::register_sign_in(registry_);
  iam::register_simulation(registry_);
  organizations::register_operations(registry_);
  ssm::register_operations(registry_);
  sts::register_decode_authorization(registry_);
  sts::register_operations(registry_);
  ec2messages::register_operations(registry_);
}

awaitable<Result<void>> Dispatcher::authenticate(Call& call, const Route& route) {
  auto principal =
      co_await authenticator_.authenticate(signable(call.request), route.service, call.source_address);
  if (!principal) co_return std::unexpected(std::move(principal.error()));
  call.principal = std::move(*principal);
  co_return Result<void>();
}

void Dispatcher::note_use(const Call& call, const Route& route) {
  const auto& principal = call.principal;
  last_uses_.note({.principal_id = principal.role_id.empty() ? principal.user_id : principal.role_id,
                   .service = route.service,
                   .action = route.operation,
                   .region = services_.installation.region,
                   .accessed = services_.clock.now()});
}

awaitable<Result<net::Response>> Dispatcher::answer(Call& call, const Route& route) {
  if (route.protocol == Protocol::kRestXml) {
    if (auto ok = co_await authenticate(call, route); !ok) co_return std::unexpected(std::move(ok.error()));
    co_return co_await ssmmessages::create_channel(call, route);
  }
  const auto* operation = registry_.find(route.service, route.operation);
  if (operation == nullptr) {
    co_return std::unexpected(aws::kUnknownOperation("The operation " + route.operation + " of " +
                                                     route.service + " is not known here."));
  }
  if (operation->caller == Caller::kSigned) {
    if (auto ok = co_await authenticate(call, route); !ok) co_return std::unexpected(std::move(ok.error()));
    if (auto ok = check_session_token(call.principal, route); !ok)
      co_return std::unexpected(std::move(ok.error()));
  }
  auto body = co_await operation->run(call);
  if (!body) co_return std::unexpected(std::move(body.error()));
  if (route.protocol == Protocol::kQuery) co_return xml_response(200, std::move(*body), call.request_id);
  co_return json_response(std::move(*body), call.request_id);
}

awaitable<net::Response> Dispatcher::handle(net::Request request) {
  if (request.path() == "/healthz") {
    net::Response ok;
    ok.headers.add("Content-Type", "text/plain");
    ok.body = "ok\n";
    co_return ok;
  }
  Call call{.services = services_,
            .request = request,
            .request_id = Uuid::random().to_string(),
            .source_address = source_address(request, services_.trusted_proxies),
            .generation = services_.authorizer.generation()};
  const auto route = identify(request);
  if (!route) {
    const auto error = aws::kUnknownOperation(
        "The request names no service and operation that are known here. Expected X-Amz-Target, Action and "
        "Version, or "
        "a channel's path.");
    log_call(call, {}, &error);
    co_return error_response(Protocol::kJson, error, "", call.request_id);
  }
  std::optional<aws::ApiError> failure;
  try {
    auto answered = co_await answer(call, *route);
    if (answered) {
      note_use(call, *route);
      log_call(call, *route, nullptr);
      co_return std::move(*answered);
    }
    failure = std::move(answered.error());
  } catch (const std::exception& unexpected) {
    // The text may name tables and files: it is for the log, the caller gets the request id to quote.
    log::error("api_call_failed", {{"request_id", call.request_id}, {"reason", unexpected.what()}});
    failure = aws::kInternalServerError("The service failed to carry out the request. Request id: " +
                                        call.request_id);
  }
  log_call(call, *route, &*failure);
  co_return error_response(route->protocol, *failure, route->service, call.request_id);
}

awaitable<std::variant<net::Response, net::AcceptUpgrade>> Dispatcher::upgrade(net::Request request) {
  Call call{.services = services_,
            .request = request,
            .request_id = Uuid::random().to_string(),
            .source_address = source_address(request, services_.trusted_proxies),
            .generation = services_.authorizer.generation()};
  const auto route = identify(request);
  std::optional<aws::ApiError> failure;
  if (!route || route->protocol != Protocol::kRestXml) {
    failure = aws::kUnknownOperation("There is no WebSocket at this path.");
  } else {
    try {
      // A client's proof is its token, and newer plugins sign with whatever credentials they find
      // (data-channel.md 2.1): a signature that is not ours counts as none there.
      if (route->operation == "OpenControlChannel") {
        if (auto ok = co_await authenticate(call, *route); !ok) failure = std::move(ok.error());
      } else if (is_signed(request)) {
        co_await authenticate(call, *route);
      }
      if (!failure) {
        auto accepted = co_await ssmmessages::open_channel(call, *route);
        if (accepted) {
          log_call(call, *route, nullptr);
          co_return std::move(*accepted);
        }
        failure = std::move(accepted.error());
      }
    } catch (const std::exception& unexpected) {
      log::error("api_call_failed", {{"request_id", call.request_id}, {"reason", unexpected.what()}});
      failure =
          aws::kInternalServerError("The service failed to open the channel. Request id: " + call.request_id);
    }
  }
  log_call(call, route.value_or(Route{}), &*failure);
  co_return error_response(Protocol::kRestXml, *failure, "ssmmessages", call.request_id);
}

}  // namespace postern::api
