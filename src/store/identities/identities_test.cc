#include <gtest/gtest.h>

#include "store/error.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

template <class T>
std::string names(const std::vector<T>& all) {
  std::string text;
  for (const auto& one : all) text += one.name + ' ';
  return text;
}

class Identities : public testing::Test, protected TestDatabase {
 protected:
  User add_user(const std::string& name, const std::string& path = "/") {
    User user{.user_id = "AIDA" + name,
              .name = name,
              .path = path,
              .arn = "arn:aws:iam::123456789012:user" + path + name,
              .created = at(1)};
    repositories().users.add(user);
    return user;
  }
  Group add_group(const std::string& name) {
    Group group{.group_id = "AGPA" + name,
                .name = name,
                .arn = "arn:aws:iam::123456789012:group/" + name,
                .created = at(2)};
    repositories().groups.add(group);
    return group;
  }
  Role add_role(const std::string& name) {
    Role role{.role_id = "AROA" + name,
              .name = name,
              .arn = "arn:aws:iam::123456789012:role/" + name,
              .created = at(3),
              .trust_policy = "{trust}",
              .description = "for tests",
              .max_session = std::chrono::hours(2)};
    repositories().roles.add(role);
    return role;
  }
  std::int64_t generation() { return repositories().generation.current(); }
};

TEST_F(Identities, UsersComeBackWhole) {
  auto user = add_user("bob", "/team/");
  user.boundary_arn = "arn:boundary";
  EXPECT_TRUE(repositories().users.update(user));
  repositories().users.note_password_use("AIDAbob", at(9));
  const auto found = repositories().users.find("AIDAbob").value();
  EXPECT_EQ(found.name, "bob");
  EXPECT_EQ(found.path, "/team/");
  EXPECT_EQ(found.arn, "arn:aws:iam::123456789012:user/team/bob");
  EXPECT_EQ(found.created, at(1));
  EXPECT_EQ(found.boundary_arn, "arn:boundary");
  EXPECT_EQ(found.password_last_used, at(9));
  EXPECT_FALSE(add_user("alice").password_last_used);
  user.user_id = "AIDAother";
  EXPECT_FALSE(repositories().users.update(user));
}

TEST_F(Identities, NamesAreUniqueWhateverTheirCase) {
  add_user("Bob");
  EXPECT_TRUE(repositories().users.is_name_taken("bOB"));
  EXPECT_FALSE(repositories().users.is_name_taken("bo"));
  EXPECT_FALSE(repositories().users.find_by_name("bob"));
  EXPECT_THROW(add_user("bob"), StoreError);
}

TEST_F(Identities, ListsGoByNameAndPath) {
  add_user("carol", "/a/");
  add_user("Zoe", "/a/b/");
  add_user("bob");
  add_user("under", "/a_/");
  EXPECT_EQ(names(repositories().users.list()), "Zoe bob carol under ");
  EXPECT_EQ(names(repositories().users.list("/a/")), "Zoe carol ");
  EXPECT_EQ(names(repositories().users.list("/A/")), "");
  EXPECT_EQ(names(repositories().users.list("/%/")), "");
}

TEST_F(Identities, KeysHaveStatusAndUse) {
  add_user("bob");
  auto& users = repositories().users;
  users.add_key({.access_key_id = "AKIA2", .user_id = "AIDAbob", .secret = Secret("s"), .created = at(5)});
  users.add_key({.access_key_id = "AKIA1", .user_id = "AIDAbob", .secret = Secret("t"), .created = at(6)});
  ASSERT_EQ(users.keys_of("AIDAbob").size(), 2U);
  EXPECT_EQ(users.keys_of("AIDAbob")[0].access_key_id, "AKIA2");
  EXPECT_EQ(users.count_keys(), 2U);
  EXPECT_FALSE(users.find_key("AKIA1")->last_used);
  users.note_key_use("AKIA1", at(7), "us-east-1", "ssm");
  EXPECT_TRUE(users.set_key_status("AKIA1", KeyStatus::kInactive));
  const auto key = users.find_key("AKIA1").value();
  EXPECT_EQ(key.last_used, at(7));
  EXPECT_EQ(key.last_used_region, "us-east-1");
  EXPECT_EQ(key.last_used_service, "ssm");
  EXPECT_EQ(key.status, KeyStatus::kInactive);
  EXPECT_TRUE(users.remove_key("AKIA1"));
  EXPECT_FALSE(users.remove_key("AKIA1"));
}

TEST_F(Identities, GroupsHaveMembers) {
  add_user("bob");
  add_user("alice");
  const auto ops = add_group("ops");
  add_group("dev");
  auto& groups = repositories().groups;
  groups.add_member(ops.group_id, "AIDAbob");
  groups.add_member(ops.group_id, "AIDAbob");
  groups.add_member(ops.group_id, "AIDAalice");
  groups.add_member("AGPAdev", "AIDAbob");
  EXPECT_EQ(names(groups.members(ops.group_id)), "alice bob ");
  EXPECT_EQ(names(groups.groups_of("AIDAbob")), "dev ops ");
  EXPECT_TRUE(groups.remove_member(ops.group_id, "AIDAbob"));
  EXPECT_FALSE(groups.remove_member(ops.group_id, "AIDAbob"));
  EXPECT_THROW(groups.add_member(ops.group_id, "AIDAnobody"), StoreError);
  EXPECT_TRUE(repositories().users.remove("AIDAalice"));
  EXPECT_EQ(names(groups.members(ops.group_id)), "");
  EXPECT_TRUE(groups.remove(ops.group_id));
  EXPECT_EQ(names(groups.list()), "dev ");
}

TEST_F(Identities, RolesComeBackWhole) {
  auto role = add_role("deploy");
  role.description = "changed";
  role.boundary_arn = "arn:boundary";
  EXPECT_TRUE(repositories().roles.update(role));
  repositories().roles.note_use(role.role_id, at(8), "us-east-1");
  const auto found = repositories().roles.find_by_name("deploy").value();
  EXPECT_EQ(found.role_id, "AROAdeploy");
  EXPECT_EQ(found.trust_policy, "{trust}");
  EXPECT_EQ(found.description, "changed");
  EXPECT_EQ(found.max_session, std::chrono::hours(2));
  EXPECT_EQ(found.boundary_arn, "arn:boundary");
  EXPECT_EQ(found.last_used, at(8));
  EXPECT_EQ(found.last_used_region, "us-east-1");
  EXPECT_EQ(found.created, at(3));
}

TEST_F(Identities, InstanceProfilesHoldARole) {
  add_role("deploy");
  auto& profiles = repositories().instance_profiles;
  profiles.add({.profile_id = "AIPA1", .name = "web", .arn = "arn:web", .created = at(4)});
  EXPECT_FALSE(profiles.find_by_name("web")->role_id);
  EXPECT_TRUE(profiles.set_role("AIPA1", "AROAdeploy"));
  EXPECT_EQ(profiles.find_by_name("web")->role_id, "AROAdeploy");
  EXPECT_EQ(names(profiles.list_with_role("AROAdeploy")), "web ");
  EXPECT_TRUE(profiles.set_role("AIPA1", std::nullopt));
  EXPECT_FALSE(profiles.find_by_name("web")->role_id);
  EXPECT_TRUE(repositories().roles.remove("AROAdeploy"));
  EXPECT_TRUE(profiles.remove("AIPA1"));
}

TEST_F(Identities, RoleInAProfileStays) {
  add_role("deploy");
  repositories().instance_profiles.add(
      {.profile_id = "AIPA1", .name = "web", .arn = "arn:web", .created = at(4), .role_id = "AROAdeploy"});
  EXPECT_THROW(repositories().roles.remove("AROAdeploy"), StoreError);
}

TEST_F(Identities, PoliciesKeepVersionsAndOneDefault) {
  auto& policies = repositories().policies;
  policies.add({.policy_id = "ANPA1",
                .name = "read",
                .path = "/x/",
                .arn = "arn:read",
                .created = at(1),
                .description = "reads",
                .updated = at(1)});
  policies.add_version("ANPA1", {.version = 1, .document = "{1}", .created = at(1)});
  policies.add_version("ANPA1", {.version = 2, .document = "{2}", .created = at(2)});
  EXPECT_TRUE(policies.set_default("ANPA1", 2, at(3)));
  const auto found = policies.find("arn:read").value();
  EXPECT_EQ(found.default_version, 2);
  EXPECT_EQ(found.last_version, 2);
  EXPECT_EQ(found.updated, at(3));
  EXPECT_EQ(found.description, "reads");
  EXPECT_EQ(policies.find_version("ANPA1", 1)->document, "{1}");
  EXPECT_EQ(policies.versions("ANPA1").at(0).version, 2);
  EXPECT_TRUE(policies.remove_version("ANPA1", 1));
  EXPECT_FALSE(policies.find_version("ANPA1", 1));
  EXPECT_EQ(policies.count_versions(), 1U);
  EXPECT_TRUE(policies.is_name_taken("READ"));
  EXPECT_TRUE(policies.remove("ANPA1"));
  EXPECT_EQ(policies.count_versions(), 0U);
}

TEST_F(Identities, AttachmentsAreCountedBothWays) {
  add_user("bob");
  add_role("deploy");
  add_group("ops");
  auto& attachments = repositories().attachments;
  attachments.attach("AIDAbob", "arn:b");
  attachments.attach("AIDAbob", "arn:a");
  attachments.attach("AIDAbob", "arn:a");
  attachments.attach("AROAdeploy", "arn:a");
  attachments.attach("AGPAops", "arn:c");
  EXPECT_EQ(attachments.attached_to("AIDAbob"), (std::vector<std::string>{"arn:a", "arn:b"}));
  EXPECT_EQ(attachments.holders_of("arn:a"), (std::vector<std::string>{"AIDAbob", "AROAdeploy"}));
  EXPECT_EQ(attachments.attachment_counts()["arn:a"], 2U);
  EXPECT_TRUE(attachments.reaches_user("AIDAbob", "arn:a"));
  EXPECT_FALSE(attachments.reaches_user("AIDAbob", "arn:c"));
  repositories().groups.add_member("AGPAops", "AIDAbob");
  EXPECT_TRUE(attachments.reaches_user("AIDAbob", "arn:c"));
  EXPECT_TRUE(attachments.detach("AIDAbob", "arn:a"));
  EXPECT_FALSE(attachments.detach("AIDAbob", "arn:a"));

  auto user = repositories().users.find("AIDAbob").value();
  user.boundary_arn = "arn:a";
  repositories().users.update(user);
  EXPECT_EQ(attachments.bounded_by("arn:a"), std::vector<std::string>{"AIDAbob"});
  EXPECT_EQ(attachments.boundary_counts()["arn:a"], 1U);
}

TEST_F(Identities, InlinePoliciesGoWithTheirHolder) {
  add_user("bob");
  auto& attachments = repositories().attachments;
  attachments.put_inline("AIDAbob", "p", "{1}");
  attachments.put_inline("AIDAbob", "p", "{2}");
  attachments.put_inline("AIDAbob", "q", "{3}");
  EXPECT_EQ(attachments.find_inline("AIDAbob", "p"), "{2}");
  EXPECT_TRUE(attachments.remove_inline("AIDAbob", "q"));
  EXPECT_FALSE(attachments.remove_inline("AIDAbob", "q"));
  EXPECT_EQ(attachments.inline_of("AIDAbob").size(), 1U);
  attachments.attach("AIDAbob", "arn:a");
  repositories().tags.put(kUserTags, "AIDAbob", {{"k", "v"}});
  EXPECT_TRUE(repositories().users.remove("AIDAbob"));
  EXPECT_TRUE(attachments.inline_of("AIDAbob").empty());
  EXPECT_TRUE(attachments.attached_to("AIDAbob").empty());
  EXPECT_TRUE(repositories().tags.list(kUserTags, "AIDAbob").empty());
}

TEST_F(Identities, ServiceControlsHaveTargets) {
  auto& controls = repositories().service_controls;
  controls.add({.policy_id = "p-1", .name = "n", .description = "d", .content = "{}", .created = at(1)});
  controls.attach("p-1", "r-1");
  controls.attach("p-1", "r-1");
  EXPECT_EQ(controls.find("p-1")->targets, std::vector<std::string>{"r-1"});
  EXPECT_EQ(controls.find_by_name("n")->content, "{}");
  EXPECT_TRUE(controls.update({.policy_id = "p-1", .name = "m", .description = "e", .content = "{1}"}));
  ASSERT_EQ(controls.list().size(), 1U);
  EXPECT_EQ(controls.list()[0].content, "{1}");
  EXPECT_EQ(controls.list()[0].created, at(1));
  EXPECT_TRUE(controls.detach("p-1", "r-1"));
  EXPECT_FALSE(controls.detach("p-1", "r-1"));
  EXPECT_TRUE(controls.remove("p-1"));
}

TEST_F(Identities, LastAccessKeepsTheLatest) {
  auto& accessed = repositories().last_accessed;
  accessed.note({"AIDA1", "ssm", "StartSession", "us-east-1", at(5)});
  accessed.note({"AIDA1", "ssm", "StartSession", "us-west-2", at(4)});
  accessed.note({"AIDA1", "iam", "GetUser", "us-east-1", at(1)});
  const auto list = accessed.list("AIDA1");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].service, "iam");
  EXPECT_EQ(list[1].accessed, at(5));
  EXPECT_EQ(list[1].region, "us-east-1");
  accessed.add_job({"job", "arn:x", "ACTION_LEVEL", at(1)});
  EXPECT_EQ(accessed.find_job("job")->granularity, "ACTION_LEVEL");
  EXPECT_EQ(accessed.remove_jobs_before(at(2)), 1U);
  EXPECT_FALSE(accessed.find_job("job"));
}

TEST_F(Identities, GenerationAdvancesWithWhatDecisionsDependOn) {
  const auto advances = [this](auto change) {
    const auto before = generation();
    change();
    return generation() > before;
  };
  auto& all = repositories();
  EXPECT_TRUE(advances([&] { add_user("bob"); }));
  EXPECT_TRUE(advances([&] { add_group("ops"); }));
  EXPECT_TRUE(advances([&] { all.groups.add_member("AGPAops", "AIDAbob"); }));
  EXPECT_TRUE(advances([&] { all.attachments.attach("AGPAops", "arn:a"); }));
  EXPECT_TRUE(advances([&] { all.attachments.put_inline("AGPAops", "p", "{}"); }));
  EXPECT_TRUE(advances([&] { all.tags.put(kUserTags, "AIDAbob", {{"k", "v"}}); }));
  EXPECT_TRUE(advances([&] { all.tags.remove("ManagedInstance", "mi-1", {"k"}); }));
  EXPECT_TRUE(advances([&] { all.groups.remove_member("AGPAops", "AIDAbob"); }));
  EXPECT_TRUE(advances([&] { all.users.remove("AIDAbob"); }));
  EXPECT_FALSE(advances([&] { all.users.note_key_use("AKIA", at(1), "r", "s"); }));
  EXPECT_FALSE(advances([&] { all.last_accessed.note({"AIDA", "s", "a", "r", at(1)}); }));
  EXPECT_FALSE(advances([&] { all.users.list(); }));
}

}  // namespace
}  // namespace postern::store
