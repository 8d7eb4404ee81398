#pragma once

#include <string>

namespace postern::auth {

/// What every ARN of this installation begins with.
struct Installation {
  std::string partition = "aws";
  std::string region = "us-east-1";
  /// 12 digits.
  std::string account;

  std::string user_arn(const std::string& name) const {
    return "arn:" + partition + ":iam::" + account + ":user/" + name;
  }
  std::string node_role_arn(const std::string& role, const std::string& node_id) const {
    return "arn:" + partition + ":sts::" + account + ":assumed-role/" + role + '/' + node_id;
  }
  std::string node_arn(const std::string& node_id) const { return ssm_arn("managed-instance/" + node_id); }
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
