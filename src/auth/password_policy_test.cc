#include "auth/password_policy.h"

#include <gtest/gtest.h>

namespace postern::auth {
namespace {

bool fits(const std::string& password, const std::optional<PasswordPolicy>& policy) {
  return !password_problem(Secret(password), policy);
}

TEST(PasswordPolicy, AwssDefaultWithoutOne) {
  EXPECT_TRUE(fits("Passw0rd", std::nullopt));
  EXPECT_TRUE(fits("pass-w0rd", std::nullopt));
  EXPECT_FALSE(fits("passw0rd", std::nullopt)) << "two kinds";
  EXPECT_FALSE(fits("Passw0r", std::nullopt)) << "seven characters";
  EXPECT_FALSE(fits("Passw0rd" + std::string(121, 'x'), std::nullopt)) << "129 characters";
}

TEST(PasswordPolicy, AsksForWhatItSays) {
  EXPECT_TRUE(fits("abcdef", PasswordPolicy{}));
  EXPECT_FALSE(fits("abcde", PasswordPolicy{}));
  EXPECT_EQ(password_problem(Secret("abcdefgh"), PasswordPolicy{.minimum_password_length = 9}),
            "Password should have a minimum length of 9");
  EXPECT_TRUE(fits("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", PasswordPolicy{})) << "six characters";
  EXPECT_FALSE(fits("\xc3\xa9\xc3\xa9\xc3\xa9", PasswordPolicy{})) << "three characters, six bytes";
  EXPECT_FALSE(fits("abcdef", {{.require_uppercase_characters = true}}));
  EXPECT_FALSE(fits("ABCDEF", {{.require_lowercase_characters = true}}));
  EXPECT_FALSE(fits("abcdef", {{.require_numbers = true}}));
  EXPECT_FALSE(fits("abcdef", {{.require_symbols = true}}));
  EXPECT_TRUE(fits("aB3-ef", PasswordPolicy{.require_symbols = true,
                                            .require_numbers = true,
                                            .require_uppercase_characters = true,
                                            .require_lowercase_characters = true}));
}

TEST(PasswordPolicy, NeverRepeatsThePassword) {
  EXPECT_EQ(password_problem(Secret("hunter2"), std::nullopt)->find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace postern::auth
