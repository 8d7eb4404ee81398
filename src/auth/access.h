#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/error.h"
#include "iam/evaluate.h"

namespace postern::auth {

/// Condition keys and values that are known about a request or a resource. A key with several values is there
/// several times.
using ContextKeys = std::vector<std::pair<std::string, std::string>>;

/// One of the things that an operation is about.
struct Resource {
  // From an ARN alone, since most resources are no more.
  Resource(std::string name) : arn(std::move(name)) {}  // NOLINT(google-explicit-constructor)
  Resource(const char* name) : arn(name) {}             // NOLINT(google-explicit-constructor)

  /// `*` where the action has no resource (control-plane.md 7.2).
  std::string arn;
  /// Other ARNs of the same thing; a policy may use any of them.
  std::vector<std::string> aliases;
  /// What is known about this resource only: its tags.
  ContextKeys keys;
  /// Its own policy, as a role has its trust policy; null when it has none.
  std::shared_ptr<const iam::CompiledPolicy> policy;
  iam::ResourcePolicyRule rule = iam::ResourcePolicyRule::kEither;
};

/// What an operation asks permission for: one IAM action on all of the resources.
struct Access {
  /// `ssm:StartSession`
  std::string action;
  std::vector<Resource> resources = {"*"};
  /// What the operation knows about its request (`aws:RequestTag/Team`), besides what every request has.
  ContextKeys keys = {};
  /// What else the request does to them, as tagging what it makes: each of these must be allowed, too.
  std::vector<std::string> further_actions = {};

  /// Makes `resource` the only one.
  void about(Resource resource) {
    resources.clear();
    resources.push_back(std::move(resource));
  }
};

/// The outcome and what decided it.
struct Decision {
  bool allowed = false;
  /// For the log: `allowed by arn:aws:iam::aws:policy/X statement 0 (Sid)`.
  std::string reason;
  /// Of a denial: who may not do what on what, and why, in AWS's words.
  std::string message;
  /// What a denied caller is told: the message, and an encoded one for those who may decode it.
  aws::ApiError denial;
};

}  // namespace postern::auth
