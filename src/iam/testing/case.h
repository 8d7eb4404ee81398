#pragma once

#include <boost/json.hpp>
#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "iam/evaluate.h"

namespace postern::iam::testing {

/// A request and the policies that apply to it, read from JSON and owned here. For the table of cases, the
/// differential test and the fuzzer:
///
///     {"principal": {"type": "user", "arn": "...", "roleArn": "...", "account": "...", "id": "...", "name":
///     "..."},
///      "action": "ssm:StartSession",
///      "resources": [{"arn": "...", "aliases": ["..."], "account": "...", "policy": POLICY, "trust": POLICY,
///                     "context": {...}}]
///      or one ARN, "context": {"aws:username": "ana", "aws:TagKeys": ["a", "b"]}, "identity": POLICIES,
///      "boundary": POLICY, "session": POLICIES, "scp": [POLICIES, ...]}
///
/// POLICIES is one or a list; a policy that has "name" and "policy" is called so, another by its set and
/// index. A policy may also be a string: its text.
class Case {
 public:
  /// What is wrong with the case or with one of its policies.
  static std::expected<Case, std::string> read(const boost::json::value& json);

  Case(Case&&) = default;
  Case& operator=(Case&&) = default;

  const Request& request() const { return request_; }
  const PolicySets& sets() const { return sets_; }

 private:
  Case() = default;

  const std::string& own(const boost::json::value* text, std::string_view fallback);
  void read_principal(const boost::json::value* json);
  const Context* read_context(const boost::json::value* json);
  const CompiledPolicy* read_policy(const boost::json::value& json, PolicyKind kind, std::string name);
  PolicyList read_policies(const boost::json::value* json, PolicyKind kind, std::string_view set);
  void read_resource(const boost::json::value& json);

  std::deque<std::string> texts_;
  std::deque<std::vector<std::string_view>> aliases_;
  std::deque<Context> contexts_;
  std::deque<CompiledPolicy> policies_;
  std::deque<std::vector<const CompiledPolicy*>> lists_;
  std::vector<PolicyList> levels_;
  std::vector<Resource> resources_;
  Request request_;
  PolicySets sets_;
  std::string problem_;
};

}  // namespace postern::iam::testing
