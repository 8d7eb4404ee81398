#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "iam/evaluate.h"

namespace postern::iam {

/// Why one element kept a statement from applying.
struct ElementFailure {
  Element element = Element::kAction;
  /// For people: `StringEquals aws:username: the request has "ana"`. `...` after 1 MiB of these in one
  /// explanation.
  std::string detail;
};

/// A statement and what became of it for one resource.
struct ConsideredStatement {
  /// Index into the request's resources.
  std::size_t resource = 0;
  PolicySet set = PolicySet::kIdentity;
  /// Of service control policies: from the root, 0, downwards.
  std::size_t level = 0;
  const CompiledPolicy* policy = nullptr;
  const CompiledStatement* statement = nullptr;
  bool matched = false;
  /// Everything that failed, not only the first; empty when it matched.
  std::vector<ElementFailure> failures;
};

/// The full account of a decision. Points into the policies.
struct Explanation {
  Decision decision;
  std::string action;
  /// Who asked, and about what.
  std::string principal;
  std::vector<std::string> resources;
  std::string reason;
  /// Each statement of each set, for each resource.
  std::vector<ConsideredStatement> statements;
};

/// Decides like evaluate() and says what each statement had to do with it. For people who ask; slow.
Explanation explain(const Request& request, const PolicySets& sets);

/// Lines of text: the decision, then each statement, until there is more than 1 MiB.
std::string to_text(const Explanation& explanation);
/// `{"Decision", "Reason", "Principal", "Action", "Resources", "MissingFrom", "DecidedBy", "Statements"}`.
boost::json::value to_json(const Explanation& explanation);

}  // namespace postern::iam
