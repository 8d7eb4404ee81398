#include <gtest/gtest.h>

#include "store/statement.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

class TemporaryCredentials : public testing::Test, protected TestDatabase {
 protected:
  TemporaryCredentials() {
    repositories().users.add({.user_id = "AIDA1", .name = "bob", .arn = "arn:bob", .created = at(1)});
    repositories().roles.add({.role_id = "AROA1", .name = "ops", .arn = "arn:ops", .created = at(1)});
  }
  TemporaryCredentialRepository& credentials() { return repositories().temporary_credentials; }

  static TemporaryCredential role_session(std::string key_id, int expires = 3600) {
    return {.kind = TemporaryCredential::Kind::kAssumedRole,
            .access_key_id = std::move(key_id),
            .secret = Secret("s3cret"),
            .session_token_hash = "cafe",
            .role_id = "AROA1",
            .session_name = "bob@work",
            .parent_key_id = "AKIA1",
            .session_policies = {R"({"Version":"2012-10-17"})"},
            .session_policy_arns = {"arn:aws:iam::aws:policy/ReadOnlyAccess"},
            .session_tags = {{"Team", "red \"and\" blue"}, {"Cost", "7"}},
            .transitive_tag_keys = {"Team"},
            .source_identity = "bob",
            .mfa_time = at(5),
            .issued = at(10),
            .expires = at(expires)};
  }
};

TEST_F(TemporaryCredentials, ComeBackAsTheyWere) {
  const auto stored = role_session("ASIA1");
  credentials().add(stored);
  const auto found = credentials().find("ASIA1").value();
  EXPECT_EQ(found.kind, stored.kind);
  EXPECT_EQ(found.secret.reveal(), "s3cret");
  EXPECT_EQ(found.session_token_hash, "cafe");
  EXPECT_FALSE(found.user_id);
  EXPECT_EQ(found.role_id, "AROA1");
  EXPECT_EQ(found.session_name, stored.session_name);
  EXPECT_EQ(found.parent_key_id, "AKIA1");
  EXPECT_EQ(found.session_policies, stored.session_policies);
  EXPECT_EQ(found.session_policy_arns, stored.session_policy_arns);
  EXPECT_EQ(found.session_tags, stored.session_tags);
  EXPECT_EQ(found.transitive_tag_keys, stored.transitive_tag_keys);
  EXPECT_EQ(found.source_identity, "bob");
  EXPECT_EQ(found.mfa_time, at(5));
  EXPECT_EQ(found.issued, at(10));
  EXPECT_EQ(found.expires, at(3600));
  EXPECT_FALSE(credentials().find("ASIA2"));
}

TEST_F(TemporaryCredentials, SecretsAreSealed) {
  credentials().add(role_session("ASIA1"));
  auto rows = select(sql(), "SELECT sealed_secret FROM temporary_credentials");
  EXPECT_EQ(rows.at(0).text().find("s3cret"), std::string::npos);
}

TEST_F(TemporaryCredentials, GoWithTheirRoleOrUser) {
  credentials().add(role_session("ASIA1"));
  credentials().add({.access_key_id = "ASIA2", .secret = Secret("x"), .user_id = "AIDA1", .expires = at(99)});
  repositories().roles.remove("AROA1");
  EXPECT_FALSE(credentials().find("ASIA1"));
  EXPECT_TRUE(credentials().find("ASIA2"));
  repositories().users.remove("AIDA1");
  EXPECT_FALSE(credentials().find("ASIA2"));
}

TEST_F(TemporaryCredentials, AreRevokedAndCleared) {
  credentials().add(role_session("ASIA1", 100));
  credentials().add(role_session("ASIA2", 200));
  credentials().add(role_session("ASIA3", 201));
  EXPECT_TRUE(credentials().remove("ASIA1"));
  EXPECT_FALSE(credentials().remove("ASIA1"));
  EXPECT_EQ(credentials().remove_expired(at(200)), 1U);
  EXPECT_FALSE(credentials().find("ASIA2"));
  EXPECT_TRUE(credentials().find("ASIA3"));
}

}  // namespace
}  // namespace postern::store
