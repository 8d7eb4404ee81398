#include <algorithm>
#include <utility>

#include "api/iam/access.h"
#include "api/iam/oidc_shapes.h"
#include "api/iam/sign_in_operations.h"
#include "api/iam/tagged_by_arn.h"
#include "auth/sign_in.h"

/// CreateOpenIDConnectProvider, GetOpenIDConnectProvider, ListOpenIDConnectProviders,
/// DeleteOpenIDConnectProvider, and their tags.
namespace postern::api::iam {
namespace {

constexpr std::string_view kScheme = "https://";
// The characters of a URL (RFC 3986) without query and fragment, which an issuer doesn't have.
const aws::Pattern kUrl(R"(https://[A-Za-z0-9\-._~\[\]:]+(/[A-Za-z0-9\-._~%!$&'()*+,;=:@/]*)?)");
const aws::Pattern kThumbprint("[0-9a-fA-F]*");

struct CreateRequest {
  std::string url;
  std::vector<std::string> clientid_list;
  std::vector<std::string> thumbprint_list;
  std::vector<Tag> tags;

  void validate(aws::Validation& validation) const {
    validation.length("url", url, 1, 255);
    validation.pattern("url", url, kUrl);
    check_client_ids(validation, clientid_list);
    check_thumbprints(validation, thumbprint_list);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (), (url, clientid_list, thumbprint_list, tags))

struct CreateResponse {
  std::string openid_connect_provider_arn;
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(CreateResponse, (), (openid_connect_provider_arn, tags))

std::string arn_of(const Call& call, const std::string& url) {
  return call.services.installation.iam_arn("oidc-provider", "/", url.substr(kScheme.size()));
}

awaitable<Result<auth::Access>> create_access(Call& call, CreateRequest& in) {
  auto access =
      detail::access_to("iam:CreateOpenIDConnectProvider", auth::Resource(arn_of(call, in.url)), in);
  detail::ask_for_tags(access, in);
  co_return access;
}

awaitable<Result<CreateResponse>> create_provider(Call& call, CreateRequest in) {
  store::OidcProvider provider{.arn = arn_of(call, in.url),
                               .url = in.url.substr(kScheme.size()),
                               .client_ids = in.clientid_list,
                               .thumbprints = in.thumbprint_list,
                               .created = call.services.clock.now()};
  return change_identities(call, [in = std::move(in),
                                  provider = std::move(provider)](store::Repositories& repos) {
    if (repos.oidc_providers.find(provider.arn))
      refuse(kEntityAlreadyExists, "Provider with url " + in.url + " already exists.");
    require_below(repos.oidc_providers.list().size(), kMaxOidcProviders, "OpenIDConnectProvidersPerAccount");
    require_tags({}, in.tags);
    repos.oidc_providers.add(provider);
    repos.tags.put(store::kOidcProviderTags, provider.arn, to_record(in.tags));
    CreateResponse out{.openid_connect_provider_arn = provider.arn};
    if (!in.tags.empty()) out.tags = in.tags;
    return out;
  });
}

struct ArnRequest {
  std::string openid_connect_provider_arn;
  void validate(aws::Validation& validation) const {
    check_oidc_arn(validation, openid_connect_provider_arn);
  }
};
BOOST_DESCRIBE_STRUCT(ArnRequest, (), (openid_connect_provider_arn))

struct GetResponse {
  std::string url;
  std::vector<std::string> clientid_list;
  std::vector<std::string> thumbprint_list;
  Timestamp create_date;
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(GetResponse, (), (url, clientid_list, thumbprint_list, create_date, tags))

awaitable<Result<GetResponse>> get_provider(Call& call, ArnRequest in) {
  return read_identities(call, [arn = in.openid_connect_provider_arn](store::Repositories& repos) {
    auto provider = oidc_provider_at(repos, arn);
    return GetResponse{provider.url, std::move(provider.client_ids), std::move(provider.thumbprints),
                       provider.created, to_shape(repos.tags.list(store::kOidcProviderTags, arn))};
  });
}

awaitable<Result<Empty>> delete_provider(Call& call, ArnRequest in) {
  auto url =
      co_await change_identities(call, [arn = in.openid_connect_provider_arn](store::Repositories& repos) {
        auto provider = oidc_provider_at(repos, arn);
        repos.oidc_providers.remove(arn);
        return provider.url;
      });
  if (!url) co_return std::unexpected(std::move(url.error()));
  call.services.sign_in.oidc_keys.forget(std::string(kScheme) + *url);
  co_return Empty{};
}

struct ListedProvider {
  std::string arn;
};
BOOST_DESCRIBE_STRUCT(ListedProvider, (), (arn))

struct ListResponse {
  std::vector<ListedProvider> openid_connect_provider_list;
};
BOOST_DESCRIBE_STRUCT(ListResponse, (), (openid_connect_provider_list))

awaitable<Result<ListResponse>> list_providers(Call& call, Empty) {
  return read_identities(call, [](store::Repositories& repos) {
    ListResponse out;
    for (auto& provider : repos.oidc_providers.list())
      out.openid_connect_provider_list.push_back({std::move(provider.arn)});
    return out;
  });
}

struct TagRequest : ArnRequest {
  std::vector<Tag> tags;
  void validate(aws::Validation& validation) const {
    ArnRequest::validate(validation);
    check_tags(validation, tags);
  }
};
BOOST_DESCRIBE_STRUCT(TagRequest, (ArnRequest), (tags))

struct UntagRequest : ArnRequest {
  std::vector<std::string> tag_keys;
  void validate(aws::Validation& validation) const {
    ArnRequest::validate(validation);
    check_tag_keys(validation, tag_keys);
  }
};
BOOST_DESCRIBE_STRUCT(UntagRequest, (ArnRequest), (tag_keys))

struct ListTagsRequest : ArnRequest {
  std::optional<std::string> marker;
  std::optional<int> max_items;
  void validate(aws::Validation& validation) const {
    ArnRequest::validate(validation);
    check_paging(validation, marker, max_items);
  }
};
BOOST_DESCRIBE_STRUCT(ListTagsRequest, (ArnRequest), (marker, max_items))

struct ListTagsResponse {
  std::vector<Tag> tags;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListTagsResponse, (), (tags, is_truncated, marker))

void require_provider(store::Repositories& repos, const std::string& arn) {
  oidc_provider_at(repos, arn);
}

}  // namespace

void check_oidc_arn(aws::Validation& validation, const std::string& arn) {
  validation.length("openIDConnectProviderArn", arn, 20, 2048);
}

void check_client_ids(aws::Validation& validation, const std::vector<std::string>& client_ids) {
  validation.list_size("clientIDList", "...", client_ids.size(), 0, kMaxClientIds);
  for (const auto& client_id : client_ids) validation.length("clientIDList.member", client_id, 1, 255);
}

void check_thumbprints(aws::Validation& validation, const std::vector<std::string>& thumbprints) {
  validation.list_size("thumbprintList", "...", thumbprints.size(), 0, kMaxThumbprints);
  for (const auto& thumbprint : thumbprints) {
    validation.length("thumbprintList.member", thumbprint, 40, 40);
    validation.pattern("thumbprintList.member", thumbprint, kThumbprint);
  }
}

store::OidcProvider oidc_provider_at(store::Repositories& repos, const std::string& arn) {
  auto provider = repos.oidc_providers.find(arn);
  if (!provider) refuse(kNoSuchEntity, "OpenIDConnect Provider not found for arn " + arn);
  return std::move(*provider);
}

void register_oidc_providers(Registry& registry) {
  const auto on_provider = [](std::string action) {
    return on_arn(std::move(action), store::kOidcProviderTags, &ArnRequest::openid_connect_provider_arn);
  };
  add<CreateRequest, CreateResponse>(registry, "CreateOpenIDConnectProvider",
                                     {.access = create_access, .run = create_provider});
  add<ArnRequest, GetResponse>(registry, "GetOpenIDConnectProvider",
                               {.access = on_provider("GetOpenIDConnectProvider"), .run = get_provider});
  add<ArnRequest, Empty>(registry, "DeleteOpenIDConnectProvider",
                         {.access = on_provider("DeleteOpenIDConnectProvider"), .run = delete_provider});
  add<Empty, ListResponse>(
      registry, "ListOpenIDConnectProviders",
      {.access = on_everything("iam:ListOpenIDConnectProviders"), .run = list_providers});
  add_tag_operations<TagRequest, UntagRequest, ListTagsRequest, ListTagsResponse>(
      registry, "OpenIDConnectProvider", store::kOidcProviderTags, &TagRequest::openid_connect_provider_arn,
      &UntagRequest::openid_connect_provider_arn, &ListTagsRequest::openid_connect_provider_arn,
      require_provider);
}

}  // namespace postern::api::iam
