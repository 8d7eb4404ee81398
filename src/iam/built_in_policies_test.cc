#include <gtest/gtest.h>

#include "aws/policies/built_in.h"
#include "iam/check.h"
#include "iam/parse.h"

namespace postern::iam {
namespace {

TEST(BuiltInPolicies, ParseWithinTheLimitsAndMeanWhatTheySay) {
  for (const auto& policy : aws::built_in_policies()) {
    for (const auto& version : policy.versions) {
      const auto parsed = parse(version.document, PolicyKind::kIdentity, kManagedPolicyLimits);
      ASSERT_TRUE(parsed) << policy.name << ": " << parsed.error().message();
      for (const auto& warning : check(*parsed)) ADD_FAILURE() << policy.name << ": " << warning.message();
    }
  }
}

}  // namespace
}  // namespace postern::iam
