#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace postern::auth {

enum class PrincipalKind {
  /// No credentials were presented; only operations that say so accept it.
  kAnonymous,
  /// An IAM user with a long-term access key, or with the session token of one (GetSessionToken).
  kUser,
  /// A session of an IAM role: AssumeRole and its like.
  kRoleSession,
  /// A managed node: temporary credentials of its role, or a request signed with its registered key.
  kNode,
};

/// Who is calling, established by Authenticator.
struct Principal {
  PrincipalKind kind = PrincipalKind::kAnonymous;
  std::string account;
  /// `arn:aws:iam::A:user/NAME`, or `arn:aws:sts::A:assumed-role/ROLE/SESSION` for a role session and a node
  /// (whose session name is the node id).
  std::string arn;
  /// `aws:userid`: the user's unique id, or `ROLEID:SESSION`.
  std::string user_id;
  /// `aws:username` of a user; the session name of a role session; the node id of a node. Session ids begin
  /// with it.
  std::string name;
  std::string access_key_id;

  /// Of a role session: the role's ARN (`aws:PrincipalArn`), unique id (`AROA...`) and name without path.
  std::string role_arn;
  std::string role_id;
  std::string role_name;
  /// When the temporary credentials were issued (`aws:TokenIssueTime`); nothing with a long-term key.
  std::optional<Timestamp> token_issued;
  /// When the caller proved an MFA device (`aws:MultiFactorAuthPresent`, and `aws:MultiFactorAuthAge` since);
  /// only temporary credentials know.
  std::optional<Timestamp> mfa_time;
  /// `aws:PrincipalTag/KEY` of a role session, before the role's own tags; and which go on into the next
  /// role.
  std::map<std::string, std::string> session_tags;
  std::vector<std::string> transitive_tag_keys;
  /// Texts and ARNs of the session policies: together they limit what the role allows.
  std::vector<std::string> session_policies;
  std::vector<std::string> session_policy_arns;
  /// `aws:SourceIdentity`; empty where none was set.
  std::string source_identity;
  /// `aws:FederatedProvider`: the ARN of the OpenID Connect provider that a web identity signed in at.
  std::string federated_provider;

  bool is_node(const std::string& node_id) const { return kind == PrincipalKind::kNode && name == node_id; }
};

}  // namespace postern::auth
