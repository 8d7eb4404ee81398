#include <algorithm>
#include <utility>

#include "api/iam/access.h"
#include "api/iam/oidc_shapes.h"
#include "api/iam/sign_in_operations.h"
#include "api/iam/tagged_by_arn.h"

/// AddClientIDToOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProvider,
/// UpdateOpenIDConnectProviderThumbprint.
namespace postern::api::iam {
namespace {

struct ClientRequest {
  std::string openid_connect_provider_arn;
  std::string clientid;

  void validate(aws::Validation& validation) const {
    check_oidc_arn(validation, openid_connect_provider_arn);
    validation.length("clientID", clientid, 1, 255);
  }
};
BOOST_DESCRIBE_STRUCT(ClientRequest, (), (openid_connect_provider_arn, clientid))

// Both do nothing, and succeed, when it is so already.
awaitable<Result<Empty>> add_client(Call& call, ClientRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    auto provider = oidc_provider_at(repos, in.openid_connect_provider_arn);
    if (std::ranges::find(provider.client_ids, in.clientid) != provider.client_ids.end()) return;
    require_below(provider.client_ids.size(), kMaxClientIds, "ClientIdsPerOpenIdConnectProvider");
    provider.client_ids.push_back(in.clientid);
    repos.oidc_providers.update(provider);
  });
}

awaitable<Result<Empty>> remove_client(Call& call, ClientRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    auto provider = oidc_provider_at(repos, in.openid_connect_provider_arn);
    if (std::erase(provider.client_ids, in.clientid) > 0) repos.oidc_providers.update(provider);
  });
}

struct ThumbprintRequest {
  std::string openid_connect_provider_arn;
  std::vector<std::string> thumbprint_list;

  void validate(aws::Validation& validation) const {
    check_oidc_arn(validation, openid_connect_provider_arn);
    check_thumbprints(validation, thumbprint_list);
  }
};
BOOST_DESCRIBE_STRUCT(ThumbprintRequest, (), (openid_connect_provider_arn, thumbprint_list))

awaitable<Result<Empty>> update_thumbprints(Call& call, ThumbprintRequest in) {
  return change_identities(call, [in = std::move(in)](store::Repositories& repos) {
    auto provider = oidc_provider_at(repos, in.openid_connect_provider_arn);
    provider.thumbprints = in.thumbprint_list;
    repos.oidc_providers.update(provider);
  });
}

template <class In>
auto on_provider(std::string action) {
  return on_arn(std::move(action), store::kOidcProviderTags, &In::openid_connect_provider_arn);
}

}  // namespace

void register_oidc_clients(Registry& registry) {
  add<ClientRequest, Empty>(
      registry, "AddClientIDToOpenIDConnectProvider",
      {.access = on_provider<ClientRequest>("AddClientIDToOpenIDConnectProvider"), .run = add_client});
  add<ClientRequest, Empty>(registry, "RemoveClientIDFromOpenIDConnectProvider",
                            {.access = on_provider<ClientRequest>("RemoveClientIDFromOpenIDConnectProvider"),
                             .run = remove_client});
  add<ThumbprintRequest, Empty>(
      registry, "UpdateOpenIDConnectProviderThumbprint",
      {.access = on_provider<ThumbprintRequest>("UpdateOpenIDConnectProviderThumbprint"),
       .run = update_thumbprints});
}

}  // namespace postern::api::iam
