#include "base/uuid.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(Uuid, RoundTrips) {
  const auto* text = "dd01e56b-ff48-483e-a508-b5f073f31b16";
  const auto uuid = Uuid::parse(text);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->to_string(), text);
}

TEST(Uuid, RandomIsVersion4) {
  const auto text = Uuid::random().to_string();
  EXPECT_EQ(text[14], '4');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  EXPECT_NE(Uuid::random(), Uuid::random());
}

TEST(Uuid, RefusesOtherForms) {
  for (const auto* text : {"", "dd01e56bff48483ea508b5f073f31b16", "dd01e56b-ff48-483e-a508-b5f073f31b1",
                           "dd01e56b-ff48-483e-a508-b5f073f31b1g", "dd01e56b-ff48-483ea-508-b5f073f31b16"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

}  // namespace
}  // namespace postern
