#pragma once

#include <string>

#include "auth/access.h"
#include "auth/installation.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "store/records.h"

/// The condition keys that every request has, whatever its operation ("AWS global condition context keys").
namespace postern::auth {

/// What is known of the connection by which a request came.
struct RequestOrigin {
  /// The peer's address, or what a trusted proxy says that it was.
  std::string source_ip;
  /// Empty when the request named none.
  std::string user_agent;
  bool secure_transport = true;
};

/// Keys that belong to the request and stay what they were: where it came from, and what the credentials said
/// at `now`: aws:SourceIp, aws:UserAgent, aws:SecureTransport, aws:RequestedRegion,
/// aws:MultiFactorAuthPresent and -Age (of temporary credentials only), aws:TokenIssueTime.
ContextKeys request_keys(const Principal& principal, const RequestOrigin& origin,
                         const Installation& installation, Timestamp now);

/// Keys that say who is asking: aws:PrincipalArn, -Account, -Type, aws:userid, aws:username (of users only),
/// aws:PrincipalTag/KEY (of `tags`, and of the session before them), aws:SourceIdentity,
/// aws:FederatedProvider, and of a node ssm:SourceInstanceARN and ec2:SourceInstanceARN.
ContextKeys principal_keys(const Principal& principal, const store::Tags& tags,
                           const Installation& installation);

/// aws:CurrentTime and aws:EpochTime.
ContextKeys time_keys(Timestamp now);

/// aws:RequestTag/KEY and aws:TagKeys, for operations that put tags on something.
ContextKeys tag_request_keys(const store::Tags& tags);
/// aws:TagKeys alone, for those that take tags away.
ContextKeys tag_request_keys(const std::vector<std::string>& tag_keys);

void append(ContextKeys& to, ContextKeys more);

}  // namespace postern::auth
