#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::aws {

/// `arn:partition:service:region:account:resource`. Region and account may be empty; the resource may hold
/// colons and slashes.
struct Arn {
  std::string partition;
  std::string service;
  std::string region;
  std::string account;
  std::string resource;

  /// Nothing unless there are six parts, with partition, service and resource not empty.
  static std::optional<Arn> parse(std::string_view text);
  std::string to_string() const;

  bool operator==(const Arn&) const = default;
};

/// Where resources live; the ARNs of control-plane.md 7.1.
struct ArnSpace {
  std::string partition = "aws";
  std::string region;
  std::string account;

  /// `mi-...` is an ssm managed-instance, `i-...` an ec2 instance.
  Arn node(std::string_view node_id) const;
  /// A document whose name begins with `AWS-` or `Postern-` belongs to the service: its account is empty.
  Arn document(std::string_view name) const;
  Arn session(std::string_view session_id) const;
  /// `setting_id` with or without its leading slash.
  Arn service_setting(std::string_view setting_id) const;
  Arn iam_role(std::string_view role_name) const;
  Arn assumed_role(std::string_view role_name, std::string_view session_name) const;
};

}  // namespace postern::aws
