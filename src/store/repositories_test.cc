#include "store/repositories.h"

#include <gtest/gtest.h>

#include "store/connection.h"
#include "store/error.h"
#include "store/migrations.h"
#include "store/statement.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

/// All repositories over one database, without the threads.
class RepositoriesTest : public testing::Test {
 protected:
  RepositoriesTest() { migrate(connection_.sql(), built_in_migrations()); }

  void add_user(const std::string& user_id, const std::string& name) {
    repositories_.users.add({.user_id = user_id,
                             .name = name,
                             .arn = "arn:aws:iam::123456789012:user/" + name,
                             .created = at(1)});
  }

  TestStorage storage_;
  Connection connection_ = storage_.connect();
  Sealer sealer_ = test_sealer();
  Repositories repositories_{connection_.sql(), sealer_};
};

using Users = RepositoriesTest;
using Activations = RepositoriesTest;
using Nodes = RepositoriesTest;
using TagsOf = RepositoriesTest;
using Settings = RepositoriesTest;

TEST_F(Users, AreFoundByIdAndName) {
  auto& users = repositories_.users;
  EXPECT_EQ(users.count(), 0U);
  users.add(
      {.user_id = "AIDA1", .name = "admin", .arn = "arn:aws:iam::123456789012:user/admin", .created = at(5)});
  add_user("AIDA2", "bob");
  EXPECT_EQ(users.count(), 2U);
  for (const auto& found : {users.find("AIDA1"), users.find_by_name("admin")}) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->user_id, "AIDA1");
    EXPECT_EQ(found->name, "admin");
    EXPECT_EQ(found->arn, "arn:aws:iam::123456789012:user/admin");
    EXPECT_EQ(found->created, at(5));
  }
  EXPECT_FALSE(users.find("AIDA3"));
  EXPECT_FALSE(users.find_by_name("Admin"));
}

TEST_F(Users, RefuseTheSameNameTwice) {
  add_user("AIDA1", "bob");
  try {
    add_user("AIDA2", "bob");
    FAIL() << "added";
  } catch (const StoreError& error) {
    // Errors are logged; what was to be stored may be secret.
    EXPECT_EQ(std::string(error.what()).find("AIDA2"), std::string::npos) << error.what();
  }
}

TEST_F(Users, KeepKeysSealed) {
  add_user("AIDA1", "bob");
  auto& users = repositories_.users;
  users.add_key({.access_key_id = "AKIA1",
                 .user_id = "AIDA1",
                 .secret = Secret("the secret"),
                 .status = KeyStatus::kActive,
                 .created = at(2)});
  users.add_key({.access_key_id = "AKIA2",
                 .user_id = "AIDA1",
                 .secret = Secret("another"),
                 .status = KeyStatus::kInactive,
                 .created = at(3)});
  const auto key = users.find_key("AKIA1");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->user_id, "AIDA1");
  EXPECT_EQ(key->secret.reveal(), "the secret");
  EXPECT_EQ(key->status, KeyStatus::kActive);
  EXPECT_EQ(key->created, at(2));
  EXPECT_EQ(users.find_key("AKIA2").value().status, KeyStatus::kInactive);
  EXPECT_FALSE(users.find_key("AKIA3"));
  auto stored = select(connection_.sql(), "SELECT sealed_secret FROM access_keys ORDER BY access_key_id");
  EXPECT_EQ(stored.at(0).text().find("the secret"), std::string::npos);
}

TEST_F(Users, KeySecretCannotMoveToAnotherRow) {
  add_user("AIDA1", "bob");
  repositories_.users.add_key({.access_key_id = "AKIA1",
                               .user_id = "AIDA1",
                               .secret = Secret("bob's"),
                               .status = KeyStatus::kActive,
                               .created = at(2)});
  execute(connection_.sql(), "UPDATE access_keys SET access_key_id = 'AKIA2'");
  EXPECT_THROW(repositories_.users.find_key("AKIA2"), StoreError);
}

TEST_F(Users, KeyNeedsItsUser) {
  EXPECT_THROW(repositories_.users.add_key({.access_key_id = "AKIA1",
                                            .user_id = "nobody",
                                            .secret = Secret("s"),
                                            .status = KeyStatus::kActive,
                                            .created = at(2)}),
               StoreError);
}

Activation sample_activation(std::string activation_id, Timestamp created) {
  return {.activation_id = std::move(activation_id),
          .code_hash = "beef",
          .description = "the web servers",
          .default_instance_name = "web",
          .iam_role = "service-role/Nodes",
          .registration_limit = 2,
          .registrations_count = 0,
          .expires = at(86400),
          .created = created,
          .tags = {{"env", "prod"}, {"team", ""}}};
}

TEST_F(Activations, ComeBackWhole) {
  auto& activations = repositories_.activations;
  activations.add(sample_activation("a1", at(1)));
  const auto found = activations.find("a1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->code_hash, "beef");
  EXPECT_EQ(found->description, "the web servers");
  EXPECT_EQ(found->default_instance_name, "web");
  EXPECT_EQ(found->iam_role, "service-role/Nodes");
  EXPECT_EQ(found->registration_limit, 2);
  EXPECT_EQ(found->registrations_count, 0);
  EXPECT_EQ(found->expires, at(86400));
  EXPECT_EQ(found->created, at(1));
  EXPECT_EQ(found->tags, (Tags{{"env", "prod"}, {"team", ""}}));
  EXPECT_FALSE(activations.find("a2"));
}

TEST_F(Activations, AreListedByCreationThenId) {
  auto& activations = repositories_.activations;
  activations.add(sample_activation("c", at(1)));
  activations.add(sample_activation("b", at(2)));
  activations.add(sample_activation("a", at(2)));
  std::string order;
  for (const auto& activation : activations.list()) {
    order += activation.activation_id;
    EXPECT_EQ(activation.tags.size(), 2U);
  }
  EXPECT_EQ(order, "cab");
}

TEST_F(Activations, CountRegistrationsUpToTheLimit) {
  auto& activations = repositories_.activations;
  activations.add(sample_activation("a1", at(1)));
  EXPECT_TRUE(activations.count_registration("a1"));
  EXPECT_TRUE(activations.count_registration("a1"));
  EXPECT_FALSE(activations.count_registration("a1"));
  EXPECT_EQ(activations.find("a1").value().registrations_count, 2);
  EXPECT_FALSE(activations.count_registration("absent"));
}

TEST_F(Activations, AreRemovedWithTheirTags) {
  auto& activations = repositories_.activations;
  activations.add(sample_activation("a1", at(1)));
  EXPECT_TRUE(activations.remove("a1"));
  EXPECT_FALSE(activations.remove("a1"));
  EXPECT_FALSE(activations.find("a1"));
  EXPECT_TRUE(select(connection_.sql(), "SELECT tag_key FROM tags").empty());
}

TEST_F(Nodes, ComeBackWhole) {
  auto& nodes = repositories_.nodes;
  auto node = sample_node("mi-1");
  node.last_ping = at(9);
  node.agent_name = "amazon-ssm-agent";
  node.agent_version = "3.3.0.0";
  node.platform_type = "Linux";
  node.platform_name = "Debian GNU/Linux";
  node.platform_version = "12";
  node.ip_address = "10.0.0.7";
  node.computer_name = "web-1.example";
  nodes.add(node);
  const auto found = nodes.find("mi-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "web-1");
  EXPECT_EQ(found->activation_id, "0f1e");
  EXPECT_EQ(found->iam_role, "service-role/Nodes");
  EXPECT_EQ(found->public_key, "MIIB");
  EXPECT_EQ(found->fingerprint, "f00d");
  EXPECT_EQ(found->registered, at(0));
  EXPECT_EQ(found->last_ping, at(9));
  EXPECT_EQ(found->agent_name, "amazon-ssm-agent");
  EXPECT_EQ(found->agent_version, "3.3.0.0");
  EXPECT_EQ(found->platform_type, "Linux");
  EXPECT_EQ(found->platform_name, "Debian GNU/Linux");
  EXPECT_EQ(found->platform_version, "12");
  EXPECT_EQ(found->ip_address, "10.0.0.7");
  EXPECT_EQ(found->computer_name, "web-1.example");
  EXPECT_FALSE(nodes.find("mi-2"));
}

TEST_F(Nodes, AreListedByRegistrationThenIdAndFoundByName) {
  auto& nodes = repositories_.nodes;
  auto late = sample_node("mi-0", "db");
  late.registered = at(5);
  nodes.add(late);
  nodes.add(sample_node("mi-2"));
  nodes.add(sample_node("mi-1"));
  std::string order;
  for (const auto& node : nodes.list()) order += node.node_id + " ";
  EXPECT_EQ(order, "mi-1 mi-2 mi-0 ");
  EXPECT_EQ(nodes.find_by_name("web-1").size(), 2U);
  EXPECT_EQ(nodes.find_by_name("db").size(), 1U);
  EXPECT_TRUE(nodes.find_by_name("absent").empty());
}

TEST_F(Nodes, InformationReplacesOnlyWhatTheNodeSays) {
  auto& nodes = repositories_.nodes;
  nodes.add(sample_node("mi-1"));
  auto said = sample_node("mi-1", "forged name");
  said.public_key = "forged key";
  said.last_ping = at(60);
  said.agent_name = "postern-agent";
  said.agent_version = "0.1.0";
  said.platform_type = "Linux";
  said.platform_name = "Debian";
  said.platform_version = "12";
  said.ip_address = "10.1.1.1";
  said.computer_name = "host";
  EXPECT_TRUE(nodes.update_information(said));
  const auto found = nodes.find("mi-1").value();
  EXPECT_EQ(found.name, "web-1");
  EXPECT_EQ(found.public_key, "MIIB");
  EXPECT_EQ(found.last_ping, at(60));
  EXPECT_EQ(found.agent_name, "postern-agent");
  EXPECT_EQ(found.agent_version, "0.1.0");
  EXPECT_EQ(found.platform_type, "Linux");
  EXPECT_EQ(found.platform_name, "Debian");
  EXPECT_EQ(found.platform_version, "12");
  EXPECT_EQ(found.ip_address, "10.1.1.1");
  EXPECT_EQ(found.computer_name, "host");
  EXPECT_FALSE(nodes.update_information(sample_node("mi-2")));
}

TEST_F(Nodes, PublicKeyIsReplaced) {
  auto& nodes = repositories_.nodes;
  nodes.add(sample_node("mi-1"));
  EXPECT_TRUE(nodes.update_public_key("mi-1", "MIIC"));
  EXPECT_EQ(nodes.find("mi-1").value().public_key, "MIIC");
  EXPECT_FALSE(nodes.update_public_key("mi-2", "MIIC"));
}

TEST_F(Nodes, CredentialsComeBackAndExpire) {
  auto& nodes = repositories_.nodes;
  nodes.add(sample_node("mi-1"));
  nodes.add_credential({"ASIA1", "mi-1", Secret("first"), "aaaa", at(100)});
  nodes.add_credential({"ASIA2", "mi-1", Secret("second"), "bbbb", at(101)});
  const auto found = nodes.find_credential("ASIA2");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "ASIA2");
  EXPECT_EQ(found->node_id, "mi-1");
  EXPECT_EQ(found->secret.reveal(), "second");
  EXPECT_EQ(found->session_token_hash, "bbbb");
  EXPECT_EQ(found->expires, at(101));
  EXPECT_EQ(nodes.remove_expired_credentials(at(100)), 1U);
  EXPECT_FALSE(nodes.find_credential("ASIA1"));
  EXPECT_TRUE(nodes.find_credential("ASIA2"));
}

TEST_F(Nodes, AreRemovedWithTagsAndCredentials) {
  auto& nodes = repositories_.nodes;
  nodes.add(sample_node("mi-1"));
  nodes.add(sample_node("mi-2"));
  nodes.add_credential({"ASIA1", "mi-1", Secret("first"), "aaaa", at(100)});
  repositories_.tags.put("ManagedInstance", "mi-1", {{"env", "prod"}});
  repositories_.tags.put("ManagedInstance", "mi-2", {{"env", "prod"}});
  EXPECT_TRUE(nodes.remove("mi-1"));
  EXPECT_FALSE(nodes.remove("mi-1"));
  EXPECT_FALSE(nodes.find("mi-1"));
  EXPECT_FALSE(nodes.find_credential("ASIA1"));
  EXPECT_EQ(repositories_.tags.find("ManagedInstance", "env", "prod"), std::vector<std::string>{"mi-2"});
}

TEST_F(TagsOf, AreReplacedRemovedAndFound) {
  auto& tags = repositories_.tags;
  tags.put("ManagedInstance", "mi-1", {{"env", "prod"}, {"team", "web"}});
  tags.put("ManagedInstance", "mi-1", {{"env", "test"}});
  tags.put("ManagedInstance", "mi-2", {{"env", "test"}});
  tags.put("Activation", "mi-1", {{"env", "test"}});
  EXPECT_EQ(tags.list("ManagedInstance", "mi-1"), (Tags{{"env", "test"}, {"team", "web"}}));
  EXPECT_EQ(tags.find("ManagedInstance", "env", "test"), (std::vector<std::string>{"mi-1", "mi-2"}));
  EXPECT_TRUE(tags.find("ManagedInstance", "env", "prod").empty());
  tags.remove("ManagedInstance", "mi-1", {"env", "absent"});
  EXPECT_EQ(tags.list_all("ManagedInstance"),
            (std::map<std::string, Tags>{{"mi-1", {{"team", "web"}}}, {"mi-2", {{"env", "test"}}}}));
  EXPECT_TRUE(tags.list("Document", "mi-1").empty());
}

TEST_F(Settings, AreReplaced) {
  auto& settings = repositories_.settings;
  EXPECT_FALSE(settings.find("account"));
  settings.put("account", "123456789012");
  settings.put("account", "210987654321");
  EXPECT_EQ(settings.find("account"), "210987654321");
}

}  // namespace
}  // namespace postern::store
