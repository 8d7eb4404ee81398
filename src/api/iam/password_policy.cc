#include "auth/password_policy.h"

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/sign_in_operations.h"
#include "base/json_codec.h"

/// GetAccountPasswordPolicy, UpdateAccountPasswordPolicy, DeleteAccountPasswordPolicy.
namespace postern::api::iam {
namespace {

struct PolicyShape : auth::PasswordPolicy {
  bool expire_passwords = false;
};
BOOST_DESCRIBE_STRUCT(PolicyShape, (auth::PasswordPolicy), (expire_passwords))

struct GetResponse {
  PolicyShape password_policy;
};
BOOST_DESCRIBE_STRUCT(GetResponse, (), (password_policy))

constexpr auto kNone = "The Password Policy with domain name account cannot be found.";

awaitable<Result<GetResponse>> get_policy(Call& call, Empty) {
  return read_identities(call, [](store::Repositories& repos) {
    const auto kept = repos.settings.find(auth::kPasswordPolicySetting);
    if (!kept || kept->empty()) refuse(kNoSuchEntity, kNone);
    return GetResponse{PolicyShape{decode_json_text<auth::PasswordPolicy>(*kept).value()}};
  });
}

struct UpdateRequest {
  std::optional<int> minimum_password_length;
  std::optional<bool> require_symbols;
  std::optional<bool> require_numbers;
  std::optional<bool> require_uppercase_characters;
  std::optional<bool> require_lowercase_characters;
  std::optional<bool> allow_users_to_change_password;
  std::optional<int> max_password_age;
  std::optional<int> password_reuse_prevention;
  std::optional<bool> hard_expiry;

  void validate(aws::Validation& validation) const {
    if (minimum_password_length) validation.range("minimumPasswordLength", *minimum_password_length, 6, 128);
    if (max_password_age) validation.range("maxPasswordAge", *max_password_age, 1, 1095);
    if (password_reuse_prevention)
      validation.range("passwordReusePrevention", *password_reuse_prevention, 1, 24);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (),
                      (minimum_password_length, require_symbols, require_numbers,
                       require_uppercase_characters, require_lowercase_characters,
                       allow_users_to_change_password, max_password_age, password_reuse_prevention,
                       hard_expiry))

// What is left out is the default again, as the API has it.
awaitable<Result<Empty>> update_policy(Call& call, UpdateRequest in) {
  if (in.max_password_age || in.password_reuse_prevention || in.hard_expiry.value_or(false))
    co_return std::unexpected(
        kInvalidInput("Passwords don't expire here and old ones are not kept: leave out MaxPasswordAge, "
                      "PasswordReusePrevention and HardExpiry."));
  const auth::PasswordPolicy policy{
      .minimum_password_length =
          in.minimum_password_length.value_or(auth::PasswordPolicy{}.minimum_password_length),
      .require_symbols = in.require_symbols.value_or(false),
      .require_numbers = in.require_numbers.value_or(false),
      .require_uppercase_characters = in.require_uppercase_characters.value_or(false),
      .require_lowercase_characters = in.require_lowercase_characters.value_or(false),
      .allow_users_to_change_password = in.allow_users_to_change_password.value_or(false)};
  co_return co_await change_identities(call, [text = encode_json_text(policy)](store::Repositories& repos) {
    repos.settings.put(auth::kPasswordPolicySetting, text);
  });
}

awaitable<Result<Empty>> delete_policy(Call& call, Empty) {
  return change_identities(call, [](store::Repositories& repos) {
    if (repos.settings.find(auth::kPasswordPolicySetting).value_or("").empty()) refuse(kNoSuchEntity, kNone);
    repos.settings.put(auth::kPasswordPolicySetting, "");
  });
}

}  // namespace

void register_password_policy(Registry& registry) {
  add<Empty, GetResponse>(registry, "GetAccountPasswordPolicy",
                          {.access = on_everything("iam:GetAccountPasswordPolicy"), .run = get_policy});
  add<UpdateRequest, Empty>(
      registry, "UpdateAccountPasswordPolicy",
      {.access = on_everything("iam:UpdateAccountPasswordPolicy"), .run = update_policy});
  add<Empty, Empty>(registry, "DeleteAccountPasswordPolicy",
                    {.access = on_everything("iam:DeleteAccountPasswordPolicy"), .run = delete_policy});
}

}  // namespace postern::api::iam
