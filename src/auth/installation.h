#pragma once

#include <string>

namespace postern::auth {

/// What every ARN of this installation begins with.
struct Installation {
  std::string partition = "aws";
  std::string region = "us-east-1";
  /// 12 digits.
  std::string account;

  /// A role's name without its path: `service-role/Nodes` is the role `Nodes`.
  static std::string role_name(const std::string& role) { return role.substr(role.rfind('/') + 1); }

  std::string user_arn(const std::string& name) const {
    return "arn:" + partition + ":iam::" + account + ":user/" + name;
  }
  /// `kind`: user, group, role, policy, instance-profile, mfa; `path` begins and ends with a slash.
  std::string iam_arn(const std::string& kind, const std::string& path, const std::string& name) const {
    return "arn:" + partition + ":iam::" + account + ':' + kind + path + name;
  }
  /// `role` as CreateActivation takes it, with or without its path.
  std::string node_role_arn(const std::string& role, const std::string& node_id) const {
    return "arn:" + partition + ":sts::" + account + ":assumed-role/" + role_name(role) + '/' + node_id;
  }
  std::string node_arn(const std::string& node_id) const { return ssm_arn("managed-instance/" + node_id); }
  /// The ARN that a node has as well, for policies that were written for EC2 instances.
  std::string instance_arn(const std::string& node_id) const {
    return "arn:" + partition + ":ec2:" + region + ':' + account + ":instance/" + node_id;
  }
  std::string session_arn(const std::string& session_id) const { return ssm_arn("session/" + session_id); }
  /// AWS's own documents have no account, and neither have ours.
  std::string document_arn(const std::string& name) const {
    if (name.starts_with("AWS-") || name.starts_with("Postern-"))
      return "arn:" + partition + ":ssm:" + region + "::document/" + name;
    return ssm_arn("document/" + name);
  }

 private:
  std::string ssm_arn(const std::string& resource) const {
    return "arn:" + partition + ":ssm:" + region + ':' + account + ':' + resource;
  }
};

}  // namespace postern::auth
