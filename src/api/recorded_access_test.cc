#include "api/recorded_access.h"

#include <gtest/gtest.h>

namespace postern::api {
namespace {

RecordedAccess sample() {
  RecordedAccess access;
  access.principal.kind = auth::PrincipalKind::kRoleSession;
  access.principal.account = "123456789012";
  access.principal.arn = "arn:aws:sts::123456789012:assumed-role/R/s";
  access.principal.user_id = "AROA:s";
  access.principal.name = "s";
  access.principal.access_key_id = "ASIA";
  access.principal.role_arn = "arn:aws:iam::123456789012:role/R";
  access.principal.role_id = "AROA";
  access.principal.role_name = "R";
  access.principal.token_issued = from_unix_micros(1'795'000'000'000'001);
  access.principal.mfa_time = from_unix_micros(1'795'000'000'000'002);
  access.principal.session_tags = {{"Team", "red"}};
  access.principal.session_policies = {"{}"};
  access.principal.session_policy_arns = {"arn:aws:iam::aws:policy/ReadOnlyAccess"};
  access.principal.source_identity = "ana";
  access.principal.federated_provider = "p";
  access.request_keys = {{"aws:SourceIp", "192.0.2.7"}, {"aws:TagKeys", "a"}, {"aws:TagKeys", "b"}};
  access.node_id = "mi-1";
  access.document_name = "D";
  access.session_keys = {{{"postern:Host", "a"}}, {}};
  return access;
}

TEST(RecordedAccess, ComesBackAsItWas) {
  const auto before = sample();
  const auto after = recorded_access_from(to_text(before));
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(to_text(*after), to_text(before));
  EXPECT_EQ(after->principal.kind, before.principal.kind);
  EXPECT_EQ(after->principal.token_issued, before.principal.token_issued);
  EXPECT_EQ(after->principal.mfa_time, before.principal.mfa_time);
  EXPECT_EQ(after->principal.session_tags, before.principal.session_tags);
  EXPECT_EQ(after->principal.session_policies, before.principal.session_policies);
  EXPECT_EQ(after->request_keys, before.request_keys);
  EXPECT_EQ(after->session_keys, before.session_keys);
  EXPECT_EQ(after->document_name, "D");
}

TEST(RecordedAccess, OtherTextIsNone) {
  EXPECT_FALSE(recorded_access_from("").has_value());
  EXPECT_FALSE(recorded_access_from("{}").has_value());
  EXPECT_FALSE(recorded_access_from(to_text(sample()).substr(1)).has_value());
}

}  // namespace
}  // namespace postern::api
