#pragma once

#include <string>
#include <string_view>

#include "api/call.h"
#include "store/records.h"

/// What operations say about their resources, and how they ask.
namespace postern::api {

/// Decides about the action and the further ones, remembers the decision in the call, and gives AWS's error
/// for a denial. Each of several calls for one request must be allowed.
awaitable<Result<void>> authorize(Call& call, auth::Access access);

/// As authorize(), for one who wants to know before he asks: nothing is remembered, and no error made.
awaitable<auth::Decision> would_allow(Call& call, auth::Access access);

/// The keys that belong to the request itself: where it came from and what its credentials say.
auth::ContextKeys request_keys(const Call& call);

/// `ssm:resourceTag/K` and `aws:ResourceTag/K` of each tag.
auth::ContextKeys tag_keys(const store::Tags& tags);

/// A managed node, under both its ARNs: `managed-instance/ID` of ssm and `instance/ID` of ec2, so that
/// policies written for either mean it; its tags also as `ec2:ResourceTag/K`. One that is not there has none.
awaitable<auth::Resource> node_resource(const Services& services, std::string node_id);
auth::Resource node_resource(const auth::Installation& names, const std::string& node_id,
                             const store::Tags& tags);

/// A document, its tags, and `ssm:DocumentType`.
awaitable<auth::Resource> document_resource(const Services& services, std::string name);

/// A session, with the tags that the service gives each (control-plane.md 7.3):
/// `aws:ssmmessages:session-id`, its owner's `aws:userid`, and `aws:ssmmessages:target-id`, its node.
awaitable<auth::Resource> session_resource(const Services& services, std::string session_id);
auth::Resource session_resource(const auth::Installation& names, const store::Session& session);

/// iam:PassRole on a role that the request hands to a service (`ssm.amazonaws.com`).
auth::Access pass_role(const std::string& role_arn, std::string service);

}  // namespace postern::api
