#pragma once

#include <string>
#include <vector>

#include "api/iam/errors.h"
#include "aws/validation.h"
#include "store/repositories.h"

/// What the operations on OpenID Connect providers share.
namespace postern::api::iam {

/// "IAM and AWS STS quotas"
inline constexpr std::size_t kMaxOidcProviders = 100;
inline constexpr std::size_t kMaxClientIds = 100;
inline constexpr std::size_t kMaxThumbprints = 5;

void check_oidc_arn(aws::Validation& validation, const std::string& arn);
void check_client_ids(aws::Validation& validation, const std::vector<std::string>& client_ids);
void check_thumbprints(aws::Validation& validation, const std::vector<std::string>& thumbprints);

/// Throws Refusal with NoSuchEntity.
store::OidcProvider oidc_provider_at(store::Repositories& repos, const std::string& arn);

}  // namespace postern::api::iam
