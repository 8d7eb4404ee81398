#pragma once

#include <optional>
#include <string>

#include "api/sts/role_session.h"
#include "auth/access.h"
#include "auth/web_identity.h"

/// A role's trust policy: who may assume it.
namespace postern::api::sts {

/// The role as what AssumeRole is about: with its trust policy, which must allow, and its tags. One that is
/// not there has no trust policy, so nobody may assume it and nobody learns whether it is there.
auth::Resource role_resource(const std::string& role_arn, const std::optional<FoundRole>& found);

/// Whether the trust policy lets the bearer of a web identity do `action` (sts:AssumeRoleWithWebIdentity,
/// sts:TagSession, sts:SetSourceIdentity). He has no other policies, so it alone decides. `keys` are those of
/// the request; the identity's claims are added as `URL:CLAIM`.
bool is_trusted(const FoundRole& found, const std::string& provider_arn, const auth::WebIdentity& identity,
                const std::string& action, auth::ContextKeys keys);

}  // namespace postern::api::sts
