#pragma once

#include <string>

namespace postern::auth {

enum class PrincipalKind {
  /// No credentials were presented; only operations that say so accept it.
  kAnonymous,
  /// An IAM user with a long-term access key.
  kUser,
  /// A managed node: temporary credentials of its role, or a request signed with its registered key.
  kNode,
};

/// Who is calling, established by Authenticator.
struct Principal {
  PrincipalKind kind = PrincipalKind::kAnonymous;
  std::string account;
  /// `arn:aws:iam::A:user/NAME`, or `arn:aws:sts::A:assumed-role/ROLE/NODE` for a node.
  std::string arn;
  /// `aws:userid`: the user's unique id, or `ROLEID:NODE` for a node.
  std::string user_id;
  /// `aws:username` of a user; the node id of a node. Session ids begin with it.
  std::string name;
  std::string access_key_id;
  bool administrator = false;

  bool is_node(const std::string& node_id) const { return kind == PrincipalKind::kNode && name == node_id; }
};

}  // namespace postern::auth
