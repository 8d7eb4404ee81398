#include <gtest/gtest.h>

#include "aws/policies/built_in.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

std::string described(const Grants& grants) {
  std::string text;
  for (const auto& policy : grants.policies) {
    text += policy.holder_name + '/' + policy.name + ' ' + policy.arn + ' ' + policy.version_id + ' ' +
            policy.document.substr(0, 3) + '\n';
  }
  return text;
}

class GrantsOf : public testing::Test, protected TestDatabase {
 protected:
  GrantsOf() {
    auto& all = repositories();
    all.users.add({.user_id = "AIDA1", .name = "bob", .path = "/x/", .arn = "arn:bob", .created = at(1)});
    all.groups.add({.group_id = "AGPA1", .name = "ops", .arn = "arn:ops", .created = at(1)});
    all.groups.add({.group_id = "AGPA2", .name = "other", .arn = "arn:other", .created = at(1)});
    all.groups.add_member("AGPA1", "AIDA1");
    all.policies.add(
        {.policy_id = "ANPA1", .name = "own", .arn = "arn:own", .created = at(1), .updated = at(1)});
    all.policies.add_version("ANPA1", {.version = 1, .document = "{1}", .created = at(1)});
    all.policies.add_version("ANPA1", {.version = 2, .document = "{2}", .created = at(2)});
    all.policies.set_default("ANPA1", 2, at(2));
  }
};

TEST_F(GrantsOf, UserHoldsItsOwnAndItsGroups) {
  auto& all = repositories();
  all.attachments.attach("AGPA1", "arn:own");
  all.attachments.attach("AIDA1", aws::kAdministratorAccess);
  all.attachments.attach("AGPA2", aws::kAdministratorAccess);
  all.attachments.put_inline("AIDA1", "mine", "{3}");
  all.attachments.put_inline("AGPA1", "ours", "{4}");
  all.tags.put(kUserTags, "AIDA1", {{"team", "red"}});
  const auto grants = all.grants.grants_of_user("AIDA1").value();
  EXPECT_EQ(grants.principal_id, "AIDA1");
  EXPECT_EQ(grants.name, "bob");
  EXPECT_EQ(grants.path, "/x/");
  EXPECT_EQ(grants.arn, "arn:bob");
  EXPECT_EQ(grants.tags, (Tags{{"team", "red"}}));
  ASSERT_EQ(grants.groups.size(), 1U);
  EXPECT_EQ(grants.groups[0].name, "ops");
  EXPECT_EQ(described(grants),
            "ops/own arn:own v2 {2}\n"
            "bob/AdministratorAccess arn:aws:iam::aws:policy/AdministratorAccess v1 {\n \n"
            "ops/ours   {4}\n"
            "bob/mine   {3}\n");
  EXPECT_EQ(grants.policies[0].kind, GrantedPolicy::Kind::kManaged);
  EXPECT_EQ(grants.policies[2].kind, GrantedPolicy::Kind::kInline);
  EXPECT_FALSE(grants.boundary);
  EXPECT_EQ(grants.generation, all.generation.current());
  EXPECT_FALSE(all.grants.grants_of_user("AIDA2"));
}

TEST_F(GrantsOf, BoundaryIsTheDefaultVersion) {
  auto& all = repositories();
  auto user = all.users.find("AIDA1").value();
  user.boundary_arn = "arn:own";
  all.users.update(user);
  const auto boundary = all.grants.grants_of_user("AIDA1")->boundary.value();
  EXPECT_EQ(boundary.document, "{2}");
  EXPECT_EQ(boundary.version_id, "v2");
  EXPECT_EQ(boundary.holder_name, "bob");
}

TEST_F(GrantsOf, BoundaryThatIsGoneDeniesEverything) {
  auto& all = repositories();
  auto user = all.users.find("AIDA1").value();
  user.boundary_arn = "arn:gone";
  all.users.update(user);
  const auto boundary = all.grants.grants_of_user("AIDA1")->boundary.value();
  EXPECT_NE(boundary.document.find(R"("Effect":"Deny","Action":"*","Resource":"*")"), std::string::npos);
}

TEST_F(GrantsOf, RoleHoldsItsOwn) {
  auto& all = repositories();
  all.roles.add({.role_id = "AROA1", .name = "deploy", .arn = "arn:deploy", .created = at(1)});
  all.attachments.attach("AROA1", "arn:own");
  all.attachments.put_inline("AROA1", "mine", "{3}");
  all.tags.put(kRoleTags, "AROA1", {{"team", "red"}});
  const auto grants = all.grants.grants_of_role("AROA1").value();
  EXPECT_EQ(described(grants), "deploy/own arn:own v2 {2}\ndeploy/mine   {3}\n");
  EXPECT_EQ(grants.tags, (Tags{{"team", "red"}}));
  EXPECT_FALSE(all.grants.grants_of_role("AIDA1"));
}

TEST_F(GrantsOf, AttachedServiceControlsAreThere) {
  auto& all = repositories();
  all.service_controls.add({.policy_id = "p-1", .name = "a", .content = "{5}", .created = at(1)});
  all.service_controls.add({.policy_id = "p-2", .name = "b", .content = "{6}", .created = at(1)});
  all.service_controls.attach("p-2", "r-1");
  const auto grants = all.grants.grants_of_user("AIDA1").value();
  ASSERT_EQ(grants.service_controls.size(), 1U);
  EXPECT_EQ(grants.service_controls[0].content, "{6}");
  EXPECT_EQ(grants.service_controls[0].targets, std::vector<std::string>{"r-1"});
}

}  // namespace
}  // namespace postern::store
