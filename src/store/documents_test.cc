#include <gtest/gtest.h>

#include "store/connection.h"
#include "store/error.h"
#include "store/migrations.h"
#include "store/repositories.h"
#include "store/statement.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

class Documents : public testing::Test {
 protected:
  Documents() { migrate(connection_.sql(), built_in_migrations()); }

  void add(const std::string& name) {
    documents_.add(
        {.name = name, .document_type = "Session", .target_type = "/AWS::EC2::Instance", .created = at(1)});
    add_version(name, 1);
  }

  void add_version(const std::string& name, std::int64_t version) {
    documents_.add_version({.name = name,
                            .version = version,
                            .version_name = "v" + std::to_string(version),
                            .display_name = "shown",
                            .format = "YAML",
                            .content = "content " + std::to_string(version),
                            .hash = "hash " + std::to_string(version),
                            .platform_types = "Linux,MacOS",
                            .created = at(static_cast<int>(version))});
  }

  std::string numbers(std::string_view name) {
    std::string found;
    for (const auto& version : documents_.versions(name)) found += std::to_string(version.version) + ' ';
    return found;
  }

  TestStorage storage_;
  Connection connection_ = storage_.connect();
  DocumentRepository documents_{connection_.sql()};
  TagRepository tags_{connection_.sql()};
};

TEST_F(Documents, ComeBackWhole) {
  add("shell");
  const auto document = documents_.find("shell").value();
  EXPECT_EQ(document.document_type, "Session");
  EXPECT_EQ(document.target_type, "/AWS::EC2::Instance");
  EXPECT_EQ(document.default_version, 1);
  EXPECT_EQ(document.last_version, 1);
  EXPECT_EQ(document.created, at(1));
  const auto version = documents_.find_version("shell", 1).value();
  EXPECT_EQ(version.version_name, "v1");
  EXPECT_EQ(version.display_name, "shown");
  EXPECT_EQ(version.format, "YAML");
  EXPECT_EQ(version.content, "content 1");
  EXPECT_EQ(version.hash, "hash 1");
  EXPECT_EQ(version.platform_types, "Linux,MacOS");
  EXPECT_EQ(version.created, at(1));
  EXPECT_FALSE(documents_.find("other"));
  EXPECT_FALSE(documents_.find_version("shell", 2));
  EXPECT_FALSE(documents_.find_default("other"));
  EXPECT_THROW(add("shell"), StoreError) << "the same name twice";
}

TEST_F(Documents, KeepVersionsAndOneDefault) {
  add("shell");
  add_version("shell", 2);
  add_version("shell", 3);
  EXPECT_EQ(numbers("shell"), "3 2 1 ");
  EXPECT_EQ(documents_.find_default("shell")->content, "content 1");
  EXPECT_TRUE(documents_.set_default("shell", 2));
  EXPECT_EQ(documents_.find_default("shell")->content, "content 2");
  EXPECT_FALSE(documents_.set_default("other", 2));
  EXPECT_THROW(add_version("shell", 3), StoreError);
  EXPECT_THROW(add_version("other", 1), StoreError) << "a version without its document";
}

TEST_F(Documents, NeverGiveANumberTwice) {
  add("shell");
  add_version("shell", 2);
  EXPECT_TRUE(documents_.remove_version("shell", 2));
  EXPECT_FALSE(documents_.remove_version("shell", 2));
  EXPECT_EQ(numbers("shell"), "1 ");
  EXPECT_EQ(documents_.find("shell")->last_version, 2);
}

TEST_F(Documents, AreListedByNameWithTheirDefault) {
  add("zsh");
  add("bash");
  add_version("bash", 2);
  documents_.set_default("bash", 2);
  const auto all = documents_.list();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].first.name, "bash");
  EXPECT_EQ(all[0].second.version, 2);
  EXPECT_EQ(all[0].second.content, "");
  EXPECT_EQ(all[1].first.name, "zsh");
  EXPECT_EQ(documents_.count(), 2U);
}

TEST_F(Documents, GoWithTheirVersionsAndTags) {
  add("shell");
  tags_.put(kDocumentTags, "shell", {{"team", "red"}});
  EXPECT_TRUE(documents_.remove("shell"));
  EXPECT_FALSE(documents_.remove("shell"));
  EXPECT_EQ(numbers("shell"), "");
  EXPECT_TRUE(tags_.list(kDocumentTags, "shell").empty());
}

TEST(DocumentsMigration, KeepsSessionsFromBefore) {
  const TestStorage storage;
  auto connection = storage.connect();
  migrate(connection.sql(), built_in_migrations().first(1));
  execute(
      connection.sql(),
      "INSERT INTO sessions (session_id, target, document_name, owner_arn, owner_id, reason, status, active,"
      " details, started, client_token_hash)"
      " VALUES ('old-1', 'mi-1', 'SSM-SessionManagerRunShell', 'a', 'b', '', 'Connected', 1, '', 5, '')");
  migrate(connection.sql(), built_in_migrations());
  const auto session = SessionRepository(connection.sql()).find("old-1").value();
  EXPECT_EQ(session.session_type, "Standard_Stream");
  EXPECT_EQ(session.document_version, "1");
  EXPECT_EQ(session.idle_timeout, std::chrono::seconds(0));
  EXPECT_EQ(session.max_duration, std::chrono::seconds(0));
}

}  // namespace
}  // namespace postern::store
