#include "auth/authenticator.h"

#include <fmt/format.h>

#include <utility>

#include "auth/temporary_credentials.h"
#include "auth/token.h"
#include "aws/node_key.h"
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

awaitable<Authenticator::FoundKey> Authenticator::find_user_key(const aws::Authorization& authorization) {
  const std::string id = authorization.access_key_id;
  struct Found {
    store::AccessKey key;
    store::User user;
  };
  auto found = co_await store_.read([id](store::Repositories& repos) -> std::optional<Found> {
    auto key = repos.users.find_key(id);
    if (!key || key->status != store::KeyStatus::kActive) return std::nullopt;
    auto user = repos.users.find(key->user_id);
    if (!user) return std::nullopt;
    return Found{std::move(*key), std::move(*user)};
  });
  // A long-term key never comes with a session token.
  if (!found || authorization.session_token) co_return std::unexpected(invalid_token());
  co_return Key{user_principal(installation_, found->user, id), found->key.secret, {}};
}

awaitable<Authenticator::FoundKey> Authenticator::find_temporary_key(
    const aws::Authorization& authorization) {
  const std::string id = authorization.access_key_id;
  struct Found {
    Key key;
    std::string session_token_hash;
    Timestamp expires;
  };
  auto found = co_await store_.read([this, id](store::Repositories& repos) -> std::optional<Found> {
    if (auto credential = repos.nodes.find_credential(id)) {
      const auto node = repos.nodes.find(credential->node_id);
      if (!node) return std::nullopt;
      return Found{{node_principal(*node, id), std::move(credential->secret), {}},
                   std::move(credential->session_token_hash),
                   credential->expires};
    }
    auto credential = repos.temporary_credentials.find(id);
    if (!credential) return std::nullopt;
    auto principal = session_principal(repos, *credential);
    if (!principal) return std::nullopt;
    return Found{{std::move(*principal), std::move(credential->secret), {}},
                 std::move(credential->session_token_hash),
                 credential->expires};
  });
  if (!found || !authorization.session_token ||
      !token_matches(*authorization.session_token, found->session_token_hash)) {
    co_return std::unexpected(invalid_token());
  }
  if (found->expires <= clock_.now())
    co_return std::unexpected(aws::kExpiredToken("The security token included in the request is expired"));
  co_return std::move(found->key);
}

std::optional<Principal> Authenticator::session_principal(
    store::Repositories& repos, const store::TemporaryCredential& credential) const {
  if (credential.role_id) {
    const auto role = repos.roles.find(*credential.role_id);
    if (!role) return std::nullopt;
    return role_session_principal(installation_, *role, credential);
  }
  const auto user = repos.users.find(credential.user_id.value_or(""));
  // What was made with a key is worth no more than the key: whoever makes a leaked one inactive is done.
  const auto parent = repos.users.find_key(credential.parent_key_id);
  if (!user || !parent || parent->status != store::KeyStatus::kActive) return std::nullopt;
  return user_session_principal(installation_, *user, credential);
}

awaitable<Authenticator::FoundKey> Authenticator::find_node_key(const aws::Authorization& authorization) {
  const std::string id = authorization.access_key_id;
  auto node = co_await store_.read([id](store::Repositories& repos) { return repos.nodes.find(id); });
  if (!node)
    co_return std::unexpected(aws::kInvalidInstanceId("The managed node " + id + " is not registered."));
  co_return Key{node_principal(*node, id), {}, node->public_key};
}

awaitable<Authenticator::FoundKey> Authenticator::find_key(const aws::Authorization& authorization) {
  const auto& id = authorization.access_key_id;
  if (id.starts_with(aws::kAccessKeyPrefix)) co_return co_await find_user_key(authorization);
  if (id.starts_with(aws::kTemporaryKeyPrefix)) co_return co_await find_temporary_key(authorization);
  if (id.starts_with(kNodePrefix)) co_return co_await find_node_key(authorization);
  co_return std::unexpected(invalid_token());
}

std::expected<Principal, aws::ApiError> Authenticator::verify(const aws::SignableRequest& request,
                                                              const aws::Authorization& authorization,
                                                              Key key) const {
  if (key.public_key.empty()) {
    if (auto ok = aws::verify_signature(request, authorization, key.secret); !ok)
      return std::unexpected(std::move(ok.error()));
    return std::move(key.principal);
  }
  const auto text = aws::string_to_sign(request, authorization);
  if (!text) return std::unexpected(text.error());
  if (!aws::verify_rsa_pss(key.public_key, *text, authorization.signature)) {
    return std::unexpected(
        aws::kInvalidSignature("The request was not signed with the key that " + key.principal.name +
                               " registered. If the node was registered anew, restart its agent."));
  }
  return std::move(key.principal);
}

aws::ApiError Authenticator::refuse(aws::ApiError error, std::string_view key_id,
                                    const std::string& address) {
  const bool is_proof =
      error.code == aws::kUnrecognizedClient.code || error.code == aws::kInvalidSignature.code;
  if (!is_proof) return error;
  // Key ids that there are not share a bucket: there is no end of them.
  const auto subject = error.code == aws::kUnrecognizedClient.code ? std::string_view() : key_id;
  const bool allowed = failures_.allows(subject, address);
  failures_.failed(subject, address);
  if (allowed) return error;
  return aws::kThrottling(
      "Too many requests with a wrong key or signature from this address. Correct the credentials, wait some "
      "seconds and try again.");
}

void Authenticator::note_use(const Principal& principal, const aws::Scope& scope) {
  if (principal.kind == PrincipalKind::kRoleSession) {
    uses_.note(principal.role_id, clock_.now(), scope.region, scope.service);
  } else if (principal.kind == PrincipalKind::kUser && !principal.token_issued) {
    uses_.note(principal.access_key_id, clock_.now(), scope.region, scope.service);
  }
}

awaitable<std::expected<Principal, aws::ApiError>> Authenticator::authenticate(
    const aws::SignableRequest& request, std::string service, std::string address) {
  auto authorization = aws::parse_authorization(request);
  if (!authorization) co_return std::unexpected(std::move(authorization.error()));
  if (auto ok = check_scope(*authorization, service); !ok) co_return std::unexpected(std::move(ok.error()));
  if (auto ok = aws::check_time(*authorization, clock_.now()); !ok)
    co_return std::unexpected(std::move(ok.error()));
  auto key = co_await find_key(*authorization);
  if (!key) co_return std::unexpected(refuse(std::move(key.error()), authorization->access_key_id, address));
  auto principal = verify(request, *authorization, std::move(*key));
  if (!principal)
    co_return std::unexpected(refuse(std::move(principal.error()), authorization->access_key_id, address));
  note_use(*principal, authorization->scope);
  co_return principal;
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

store::AccessKey make_access_key(const std::string& user_id, Timestamp now) {
  return {.access_key_id = aws::make_access_key_id(aws::kAccessKeyPrefix),
          .user_id = user_id,
          .secret = Secret(random_text(40, kAlphanumeric)),
          .created = now};
}

FirstAdministrator make_first_administrator(const Installation& installation, Timestamp now) {
  const auto user_id = aws::make_unique_id(aws::kUserIdPrefix);
  return {{.user_id = user_id, .name = "admin", .arn = installation.user_arn("admin"), .created = now},
          make_access_key(user_id, now)};
}

}  // namespace postern::auth
