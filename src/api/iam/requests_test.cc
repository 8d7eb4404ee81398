#include "api/iam/requests.h"

#include <gtest/gtest.h>

#include "api/iam/errors.h"

namespace postern::api::iam {
namespace {

constexpr auto kIdentity = postern::iam::PolicyKind::kIdentity;

/// `Code: message` of the refusal; empty when there was none.
template <class F>
std::string refusal(F check) {
  try {
    check();
  } catch (const Refusal& refused) {
    return refused.error().code + ": " + refused.error().message;
  }
  return "";
}

TEST(RequirePolicy, SaysWhatIsWrongAndWhere) {
  const auto limits = postern::iam::kManagedPolicyLimits;
  EXPECT_EQ(refusal([&] {
              require_policy(
                  R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
                  kIdentity, limits);
            }),
            "");
  EXPECT_TRUE(refusal([&] {
                require_policy("{\n \"Statement\": [\n  {\"Effect\": \"allow\"}]}", kIdentity, limits);
              }).starts_with("MalformedPolicyDocument: line 3, column"));
  EXPECT_EQ(refusal([&] { require_policy(std::string(6145, 'x'), kIdentity, limits); }),
            "LimitExceeded: Cannot exceed quota for PolicySize: 6144");
  EXPECT_EQ(refusal([&] {
              require_policy(std::string(2049, 'x'), postern::iam::PolicyKind::kTrust,
                             postern::iam::kTrustPolicyLimits);
            }),
            "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048");
}

TEST(RequireTags, CountsKeysWhateverTheirCase) {
  store::Tags present;
  for (int i = 0; i < 49; ++i) present["key" + std::to_string(i)] = "";
  EXPECT_EQ(refusal([&] { require_tags(present, {{"KEY1", ""}, {"new", ""}}); }), "");
  EXPECT_EQ(refusal([&] { require_tags(present, {{"new", ""}, {"newer", ""}}); }),
            "LimitExceeded: Cannot exceed quota for TagsPerResource: 50");
  EXPECT_TRUE(refusal([&] { require_tags({}, {{"k", ""}, {"K", ""}}); }).starts_with("InvalidInput: "));
  for (const auto* reserved : {"aws:k", "AWS:k"})
    EXPECT_TRUE(refusal([&] { require_tags({}, {{reserved, ""}}); }).starts_with("InvalidInput: "))
        << reserved;
}

TEST(Names, AreCheckedByIamsRules) {
  const auto problems = [](auto check) {
    aws::Validation validation;
    check(validation);
    return validation.error().has_value();
  };
  for (const auto* good : {"a", "ana.b+c=d,e@f-g_1"})
    EXPECT_FALSE(problems([&](auto& v) { check_user_name(v, "userName", good); })) << good;
  for (const auto* bad : {"", "two words", "sl/ash", "\xc3\xa9", "line\n"})
    EXPECT_TRUE(problems([&](auto& v) { check_user_name(v, "userName", bad); })) << bad;
  EXPECT_TRUE(problems([](auto& v) { check_user_name(v, "userName", std::string(65, 'x')); }));
  EXPECT_FALSE(problems([](auto& v) { check_long_name(v, "groupName", std::string(128, 'x')); }));
  for (const auto* good : {"/", "/a/", "/a/b~!/"})
    EXPECT_FALSE(problems([&](auto& v) { check_path(v, good); })) << good;
  for (const auto* bad : {"", "a/", "/a", "/two words/", "//\n/"})
    EXPECT_TRUE(problems([&](auto& v) { check_path(v, bad); })) << bad;
  EXPECT_TRUE(is_same_name("Ana-1", "aNA-1"));
  EXPECT_FALSE(is_same_name("ana", "ana1"));
}

TEST(VersionIds, AreNumbersBehindAV) {
  EXPECT_EQ(version_number("v1"), 1);
  EXPECT_EQ(version_number("v12"), 12);
  EXPECT_EQ(version_id(12), "v12");
  for (const auto* bad : {"", "v", "v0", "v01", "1", "V1", "v1 ", "v-1", "v99999999999999999999"})
    EXPECT_FALSE(version_number(bad)) << bad;
}

}  // namespace
}  // namespace postern::api::iam
