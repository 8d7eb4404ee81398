#include "auth/authenticator.h"

#include <fmt/format.h>

#include "auth/token.h"
#include "aws/node_key.h"
#include "aws/policies/built_in.h"
#include "aws/unique_id.h"
#include "base/random.h"

namespace postern::auth {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kNodePrefix = "mi-";

// AWS's own words; clients match on them.
aws::ApiError invalid_token() {
  return aws::kUnrecognizedClient("The security token included in the request is invalid.");
}

}  // namespace

/// The key that the request names, and whose it is. Exactly one of `secret` and `public_key` is set.
struct Authenticator::Key {
  Principal principal;
  Secret secret;
  std::string public_key;
};

std::expected<void, aws::ApiError> Authenticator::check_scope(const aws::Authorization& authorization,
                                                              const std::string& service) const {
  if (authorization.scope.region != installation_.region) {
    return std::unexpected(aws::kInvalidSignature(
        fmt::format("Credential should be scoped to a valid region, not '{}'. This service is '{}'.",
                    authorization.scope.region, installation_.region)));
  }
  if (authorization.scope.service != service) {
    return std::unexpected(aws::kInvalidSignature(
        fmt::format("Credential should be scoped to correct service: '{}'.", service)));
  }
  return {};
}

Principal Authenticator::node_principal(const store::Node& node, const std::string& access_key_id) const {
  return {.kind = PrincipalKind::kNode,
          .account = installation_.account,
          .arn = installation_.node_role_arn(node.iam_role, node.node_id),
          .user_id = "AROA:" + node.node_id,
          .name = node.node_id,
          .access_key_id = access_key_id};
}

awaitable<std::expected<Authenticator::Key, aws::ApiError>> Authenticator::find_key(
    const aws::Authorization& authorization) {
  const std::string id = authorization.access_key_id;
  if (id.starts_with(aws::kAccessKeyPrefix)) {
    struct Found {
      store::AccessKey key;
      store::User user;
      bool administrator;
    };
    auto found = co_await store_.read([id](store::Repositories& repos) -> std::optional<Found> {
      auto key = repos.users.find_key(id);
      if (!key || key->status != store::KeyStatus::kActive) return std::nullopt;
      auto user = repos.users.find(key->user_id);
      if (!user) return std::nullopt;
      const bool administrator = repos.attachments.reaches_user(key->user_id, aws::kAdministratorAccess);
      return Found{std::move(*key), std::move(*user), administrator};
    });
    if (!found) co_return std::unexpected(invalid_token());
    // A long-term key never comes with a session token.
    if (authorization.session_token) co_return std::unexpected(invalid_token());
    co_return Key{{.kind = PrincipalKind::kUser,
                   .account = installation_.account,
                   .arn = found->user.arn,
                   .user_id = found->user.user_id,
                   .name = found->user.name,
                   .access_key_id = id,
                   .administrator = found->administrator},
                  found->key.secret,
                  {}};
  }
  if (id.starts_with(aws::kTemporaryKeyPrefix)) {
    struct Found {
      store::NodeCredential credential;
      store::Node node;
    };
    auto found = co_await store_.read([id](store::Repositories& repos) -> std::optional<Found> {
      auto credential = repos.nodes.find_credential(id);
      if (!credential) return std::nullopt;
      auto node = repos.nodes.find(credential->node_id);
      if (!node) return std::nullopt;
      return Found{std::move(*credential), std::move(*node)};
    });
    if (!found || !authorization.session_token ||
        !token_matches(*authorization.session_token, found->credential.session_token_hash)) {
      co_return std::unexpected(invalid_token());
    }
    if (found->credential.expires <= clock_.now()) {
      co_return std::unexpected(aws::kExpiredToken("The security token included in the request is expired"));
    }
    co_return Key{node_principal(found->node, id), found->credential.secret, {}};
  }
  if (id.starts_with(kNodePrefix)) {
    auto node = co_await store_.read([id](store::Repositories& repos) { return repos.nodes.find(id); });
    if (!node)
      co_return std::unexpected(aws::kInvalidInstanceId("The managed node " + id + " is not registered."));
    co_return Key{node_principal(*node, id), {}, node->public_key};
  }
  co_return std::unexpected(invalid_token());
}

awaitable<std::expected<Principal, aws::ApiError>> Authenticator::authenticate(
    const aws::SignableRequest& request, std::string service) {
  auto authorization = aws::parse_authorization(request);
  if (!authorization) co_return std::unexpected(std::move(authorization.error()));
  if (auto ok = check_scope(*authorization, service); !ok) co_return std::unexpected(std::move(ok.error()));
  if (auto ok = aws::check_time(*authorization, clock_.now()); !ok)
    co_return std::unexpected(std::move(ok.error()));
  auto key = co_await find_key(*authorization);
  if (!key) co_return std::unexpected(std::move(key.error()));

  if (key->public_key.empty()) {
    if (auto ok = aws::verify_signature(request, *authorization, key->secret); !ok) {
      co_return std::unexpected(std::move(ok.error()));
    }
  } else {
    const auto text = aws::string_to_sign(request, *authorization);
    if (!text) co_return std::unexpected(text.error());
    if (!aws::verify_rsa_pss(key->public_key, *text, authorization->signature)) {
      co_return std::unexpected(
          aws::kInvalidSignature("The request was not signed with the key that " + key->principal.name +
                                 " registered. If the node was registered anew, restart its agent."));
    }
  }
  co_return std::move(key->principal);
}

IssuedCredential issue_node_credential(const std::string& node_id, Timestamp now) {
  auto token = Token::make();
  return {{.access_key_id = aws::make_access_key_id(aws::kTemporaryKeyPrefix),
           .node_id = node_id,
           .secret = Secret(random_text(40, kAlphanumeric)),
           .session_token_hash = std::move(token.hash),
           .expires = now + kNodeCredentialLifetime},
          Secret(std::move(token.value))};
}

FirstAdministrator make_first_administrator(const Installation& installation, Timestamp now) {
  const auto user_id = aws::make_unique_id(aws::kUserIdPrefix);
  return {{.user_id = user_id, .name = "admin", .arn = installation.user_arn("admin"), .created = now},
          {.access_key_id = aws::make_access_key_id(aws::kAccessKeyPrefix),
           .user_id = user_id,
           .secret = Secret(random_text(40, kAlphanumeric)),
           .status = store::KeyStatus::kActive,
           .created = now}};
}

}  // namespace postern::auth
