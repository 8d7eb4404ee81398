#include "aws/validation.h"

#include <gtest/gtest.h>

#include <array>

namespace postern::aws {
namespace {

constexpr std::array<std::string_view, 2> kStates = {"Active", "History"};

TEST(Validation, IsSilentWhenAllIsWell) {
  const Pattern digits("[0-9]+");
  Validation validation;
  validation.required("target", true);
  validation.length("target", "abc", 1, 3);
  validation.range("maxResults", 50, 1, 50);
  validation.pattern("id", "123", digits);
  validation.one_of("state", "Active", kStates);
  validation.list_size("filters", "[]", 1, 1, 6);
  EXPECT_EQ(validation.error().has_value(), false);
}

TEST(Validation, WordsOneProblemAsAwsDoes) {
  Validation validation;
  validation.max_length("target", "abcd", 3);
  const auto error = validation.error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "ValidationException");
  EXPECT_EQ(error->status, 400U);
  EXPECT_EQ(error->message,
            "1 validation error detected: Value 'abcd' at 'target' failed to satisfy constraint: Member must "
            "have length less "
            "than or equal to 3");
}

TEST(Validation, ListsAllProblems) {
  Validation validation;
  validation.required("target", false);
  validation.min_length("reason", "", 1);
  validation.range("maxResults", 51, 1, 50);
  validation.pattern("id", "12a", Pattern("^[0-9]+$"));
  validation.one_of("state", "Old", kStates);
  EXPECT_EQ(validation.error()->message,
            "5 validation errors detected: Value null at 'target' failed to satisfy constraint: Member must "
            "not be null; "
            "Value '' at 'reason' failed to satisfy constraint: Member must have length greater than or "
            "equal to 1; "
            "Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or "
            "equal to 50; "
            "Value '12a' at 'id' failed to satisfy constraint: Member must satisfy regular expression "
            "pattern: ^[0-9]+$; "
            "Value 'Old' at 'state' failed to satisfy constraint: Member must satisfy enum value set: "
            "[Active, History]");
}

TEST(Validation, CountsCharactersNotBytesAndCutsLongValues) {
  Validation validation;
  validation.max_length("name", "\xe1\x88\xb4\xe1\x88\xb4", 2);
  EXPECT_EQ(validation.error().has_value(), false);
  validation.max_length("name", std::string(5000, 'x'), 2);
  EXPECT_LT(validation.error()->message.size(), 1300U);
}

TEST(Pattern, MatchesWholeValues) {
  const Pattern pattern("[a-z]+");
  EXPECT_TRUE(pattern.matches("abc"));
  EXPECT_FALSE(pattern.matches("abc1"));
  EXPECT_FALSE(pattern.matches("abc\n"));
}

}  // namespace
}  // namespace postern::aws
