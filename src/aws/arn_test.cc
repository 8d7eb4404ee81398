#include "aws/arn.h"

#include <gtest/gtest.h>

namespace postern::aws {
namespace {

TEST(Arn, RoundTrips) {
  for (const auto* text :
       {"arn:aws:ssm:us-east-1:123456789012:managed-instance/mi-0123456789abcdef0",
        "arn:aws:ssm:us-east-1::document/AWS-StartSSHSession", "arn:aws:iam::123456789012:user/admin",
        "arn:aws:logs:r:1:log-group:name:*", "arn:p:s:::r"}) {
    const auto arn = Arn::parse(text);
    ASSERT_TRUE(arn) << text;
    EXPECT_EQ(arn->to_string(), text);
  }
}

TEST(Arn, RefusesWhatHasNotSixParts) {
  for (const auto* text :
       {"", "arn", "arn:aws:ssm:us-east-1:123456789012",
        "arn:aws:ssm:us-east-1:123456789012:", "arn::ssm:r:a:x", "arn:aws::r:a:x", "urn:aws:ssm:r:a:x"}) {
    EXPECT_FALSE(Arn::parse(text)) << text;
  }
}

TEST(ArnSpace, NamesTheResourcesOfTheService) {
  const ArnSpace space{"aws", "us-east-1", "123456789012"};
  EXPECT_EQ(space.node("mi-1").to_string(), "arn:aws:ssm:us-east-1:123456789012:managed-instance/mi-1");
  EXPECT_EQ(space.node("i-1").to_string(), "arn:aws:ec2:us-east-1:123456789012:instance/i-1");
  EXPECT_EQ(space.document("AWS-X").to_string(), "arn:aws:ssm:us-east-1::document/AWS-X");
  EXPECT_EQ(space.document("Postern-X").to_string(), "arn:aws:ssm:us-east-1::document/Postern-X");
  EXPECT_EQ(space.document("mine").to_string(), "arn:aws:ssm:us-east-1:123456789012:document/mine");
  EXPECT_EQ(space.session("a-1").to_string(), "arn:aws:ssm:us-east-1:123456789012:session/a-1");
  EXPECT_EQ(space.service_setting("/ssm/x").to_string(),
            "arn:aws:ssm:us-east-1:123456789012:servicesetting/ssm/x");
  EXPECT_EQ(space.iam_role("r").to_string(), "arn:aws:iam::123456789012:role/r");
  EXPECT_EQ(space.assumed_role("r", "mi-1").to_string(), "arn:aws:sts::123456789012:assumed-role/r/mi-1");
}

}  // namespace
}  // namespace postern::aws
