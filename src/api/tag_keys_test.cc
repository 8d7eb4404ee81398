#include "api/tag_keys.h"

#include <gtest/gtest.h>

#include "store/test_store.h"

namespace postern::api {
namespace {

struct Tag {
  std::string key;
  std::string value;
};

std::string problem(const std::vector<Tag>& tags) {
  return tag_key_problem(tags).value_or("");
}

TEST(TagKeys, OfARequestDifferInMoreThanCase) {
  EXPECT_EQ(problem({}), "");
  EXPECT_EQ(problem({{"Env", "1"}, {"Environment", "2"}, {"aws", "3"}, {"x:aws:", "4"}}), "");
  EXPECT_EQ(problem({{"Env", "1"}, {"Team", "2"}, {"eNV", "3"}}),
            "Tag keys must differ in more than case: give only one of those that are eNV.");
  EXPECT_NE(problem({{"Env", "1"}, {"Env", "1"}}), "");
  // A to Z only, as policies compare.
  EXPECT_EQ(problem({{"\xc3\x84", "1"}, {"\xc3\xa4", "2"}}), "");
}

TEST(TagKeys, BeginWithAwsOnlyWhereTheServiceSetsThem) {
  for (const auto* reserved : {"aws:x", "AWS:x", "aWs:"}) {
    EXPECT_EQ(problem({{"Team", ""}, {reserved, ""}}),
              "Tag keys that begin with aws: belong to the service: give " + std::string(reserved) +
                  " another name.");
  }
}

TEST(Tags, AreFoundWhateverTheCaseOfTheirKey) {
  const store::Tags tags = {{"Env", "prod"}, {"Team", "red"}};
  ASSERT_NE(find_tag(tags, "tEAM"), tags.end());
  EXPECT_EQ(find_tag(tags, "tEAM")->second, "red");
  EXPECT_EQ(find_tag(tags, "Te"), tags.end());
}

TEST(Tags, ReplaceThoseOfTheSameKey) {
  const store::Tags present = {{"Env", "prod"}, {"Team", "red"}};
  EXPECT_EQ(with_tags(present, {{"env", "test"}, {"New", ""}}),
            (store::Tags{{"env", "test"}, {"New", ""}, {"Team", "red"}}));
  EXPECT_EQ(with_tags(present, {{"Env", "test"}}), (store::Tags{{"Env", "test"}, {"Team", "red"}}));
}

TEST(Tags, OfAResourceReplaceThoseOfTheSameKey) {
  store::TestDatabase database;
  auto& repos = database.repositories();
  repos.tags.put(store::kNodeTags, "mi-1", {{"Env", "prod"}, {"ENV", "old"}, {"Team", "red"}});
  repos.tags.put(store::kNodeTags, "mi-2", {{"Env", "prod"}});
  put_tags(repos, store::kNodeTags, "mi-1", {{"env", "test"}, {"Team", "blue"}});
  EXPECT_EQ(repos.tags.list(store::kNodeTags, "mi-1"), (store::Tags{{"env", "test"}, {"Team", "blue"}}));
  EXPECT_EQ(repos.tags.list(store::kNodeTags, "mi-2"), (store::Tags{{"Env", "prod"}}));
}

}  // namespace
}  // namespace postern::api
