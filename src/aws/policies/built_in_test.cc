#include "aws/policies/built_in.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/json_codec.h"

namespace postern::aws {
namespace {

TEST(BuiltInPolicies, AreOrderedAndFoundByArn) {
  std::string_view last;
  for (const auto& policy : built_in_policies()) {
    EXPECT_LT(last, policy.name);
    last = policy.name;
    EXPECT_EQ(find_built_in_policy(policy.arn), &policy);
    EXPECT_EQ(policy.arn, "arn:aws:iam::aws:policy" + std::string(policy.path) + std::string(policy.name));
  }
  EXPECT_EQ(find_built_in_policy("arn:aws:iam::aws:policy/NoSuch"), nullptr);
  EXPECT_NE(find_built_in_policy(kAdministratorAccess), nullptr);
  EXPECT_NE(find_built_in_policy(kManagedInstanceCore), nullptr);
}

TEST(BuiltInPolicies, HaveIdsOfTheirOwn) {
  std::set<std::string_view> ids;
  for (const auto& policy : built_in_policies()) {
    EXPECT_EQ(policy.policy_id.size(), 21U) << policy.name;
    EXPECT_TRUE(policy.policy_id.starts_with("ANPA")) << policy.name;
    EXPECT_TRUE(ids.insert(policy.policy_id).second) << policy.name;
  }
}

TEST(BuiltInPolicies, HaveVersionsOfJson) {
  for (const auto& policy : built_in_policies()) {
    std::int64_t number = 0;
    for (const auto& version : policy.versions) {
      EXPECT_EQ(version.number, ++number) << policy.name;
      EXPECT_TRUE(parse_json(version.document)) << policy.name;
      EXPECT_EQ(policy.find_version(number), &version);
    }
    EXPECT_GE(number, 1) << policy.name;
    EXPECT_EQ(policy.default_version().number, number);
    EXPECT_EQ(policy.find_version(number + 1), nullptr);
  }
}

}  // namespace
}  // namespace postern::aws
