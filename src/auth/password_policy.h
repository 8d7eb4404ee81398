#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>

#include "base/secret.h"

namespace postern::auth {

/// What passwords of users must be like (IAM User Guide, "Set an account password policy for IAM users").
struct PasswordPolicy {
  int minimum_password_length = 6;
  bool require_symbols = false;
  bool require_numbers = false;
  bool require_uppercase_characters = false;
  bool require_lowercase_characters = false;
  /// Whether the console offers it; the API goes by iam:ChangePassword alone.
  bool allow_users_to_change_password = false;
};
BOOST_DESCRIBE_STRUCT(PasswordPolicy, (),
                      (minimum_password_length, require_symbols, require_numbers,
                       require_uppercase_characters, require_lowercase_characters,
                       allow_users_to_change_password))

/// The setting under which the account's policy is kept, as JSON; without one, or when it is empty, AWS's
/// default holds.
inline constexpr auto kPasswordPolicySetting = "password_policy";

/// What is wrong with the password by this policy, or, without one, by AWS's default: 8 characters of three
/// kinds. Nothing when it will do. The text doesn't repeat it.
std::optional<std::string> password_problem(const Secret& password,
                                            const std::optional<PasswordPolicy>& policy);

}  // namespace postern::auth
