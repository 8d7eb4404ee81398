#include <utility>

#include "api/iam/access.h"
#include "api/iam/errors.h"
#include "api/iam/requests.h"
#include "api/iam/sign_in_operations.h"
#include "auth/password_policy.h"
#include "auth/sign_in.h"
#include "base/json_codec.h"

/// CreateLoginProfile, GetLoginProfile, UpdateLoginProfile, DeleteLoginProfile, ChangePassword.
namespace postern::api::iam {
namespace {

constexpr aws::ErrorCode kPasswordPolicyViolation{"PasswordPolicyViolation", 400};
constexpr aws::ErrorCode kServiceUnavailable{"ServiceUnavailable", 503};

struct LoginProfileShape {
  std::string user_name;
  Timestamp create_date;
  bool password_reset_required = false;
};
BOOST_DESCRIBE_STRUCT(LoginProfileShape, (), (user_name, create_date, password_reset_required))

struct LoginProfileResponse {
  LoginProfileShape login_profile;
};
BOOST_DESCRIBE_STRUCT(LoginProfileResponse, (), (login_profile))

void check_password(aws::Validation& validation, std::string_view at, const Secret& password) {
  // Without the password in the message.
  if (password.empty() || password.reveal().size() > auth::kMaxPasswordBytes)
    validation.fail(at, "...", "Member must have length between 1 and 128");
}

LoginProfileResponse to_response(const store::User& user, const store::LoginProfile& profile) {
  return {{user.name, profile.created, profile.reset_required}};
}

store::LoginProfile profile_of(store::Repositories& repos, const store::User& user) {
  auto profile = repos.login_profiles.find(user.user_id);
  if (!profile) refuse(kNoSuchEntity, "Login Profile for User " + user.name + " cannot be found.");
  return std::move(*profile);
}

// The hash of a password that the account's policy takes.
awaitable<Result<Secret>> hash_of(Call& call, Secret password) {
  const auto kept = co_await call.services.store.read(
      [](store::Repositories& repos) { return repos.settings.find(auth::kPasswordPolicySetting); });
  std::optional<auth::PasswordPolicy> policy;
  if (kept && !kept->empty()) policy = decode_json_text<auth::PasswordPolicy>(*kept).value();
  if (auto problem = auth::password_problem(password, policy))
    co_return std::unexpected(kPasswordPolicyViolation(std::move(*problem)));
  auto hash = co_await call.services.sign_in.passwords.hash(std::move(password));
  if (!hash) co_return std::unexpected(kServiceUnavailable("Too many passwords are being set. Try again."));
  co_return Secret(std::move(*hash));
}

struct CreateRequest {
  std::optional<std::string> user_name;
  Secret password;
  std::optional<bool> password_reset_required;

  void validate(aws::Validation& validation) const {
    if (user_name) check_user_name(validation, "userName", *user_name);
    check_password(validation, "password", password);
  }
};
BOOST_DESCRIBE_STRUCT(CreateRequest, (), (user_name, password, password_reset_required))

awaitable<Result<LoginProfileResponse>> create_profile(Call& call, CreateRequest in) {
  auto hash = co_await hash_of(call, std::move(in.password));
  if (!hash) co_return std::unexpected(std::move(hash.error()));
  store::LoginProfile profile{.password_hash = std::move(*hash),
                              .reset_required = in.password_reset_required.value_or(false),
                              .created = call.services.clock.now()};
  co_return co_await change_identities(
      call, [name = *in.user_name, profile = std::move(profile)](store::Repositories& repos) mutable {
        const auto user = user_named(repos, name);
        if (repos.login_profiles.find(user.user_id))
          refuse(kEntityAlreadyExists, "Login Profile for user " + user.name + " already exists.");
        profile.user_id = user.user_id;
        repos.login_profiles.put(profile);
        return to_response(user, profile);
      });
}

struct NameRequest {
  std::optional<std::string> user_name;
  void validate(aws::Validation& validation) const {
    if (user_name) check_user_name(validation, "userName", *user_name);
  }
};
BOOST_DESCRIBE_STRUCT(NameRequest, (), (user_name))

awaitable<Result<LoginProfileResponse>> get_profile(Call& call, NameRequest in) {
  return read_identities(call, [name = *in.user_name](store::Repositories& repos) {
    const auto user = user_named(repos, name);
    return to_response(user, profile_of(repos, user));
  });
}

awaitable<Result<Empty>> delete_profile(Call& call, NameRequest in) {
  return change_identities(call, [name = *in.user_name](store::Repositories& repos) {
    const auto user = user_named(repos, name);
    profile_of(repos, user);
    repos.login_profiles.remove(user.user_id);
  });
}

struct UpdateRequest {
  std::string user_name;
  std::optional<Secret> password;
  std::optional<bool> password_reset_required;

  void validate(aws::Validation& validation) const {
    check_user_name(validation, "userName", user_name);
    if (password) check_password(validation, "password", *password);
  }
};
BOOST_DESCRIBE_STRUCT(UpdateRequest, (), (user_name, password, password_reset_required))

awaitable<Result<Empty>> update_profile(Call& call, UpdateRequest in) {
  std::optional<Secret> hash;
  if (in.password) {
    auto hashed = co_await hash_of(call, std::move(*in.password));
    if (!hashed) co_return std::unexpected(std::move(hashed.error()));
    hash = std::move(*hashed);
  }
  co_return co_await change_identities(call,
                                       [name = in.user_name, hash = std::move(hash),
                                        reset = in.password_reset_required](store::Repositories& repos) {
                                         const auto user = user_named(repos, name);
                                         auto profile = profile_of(repos, user);
                                         if (hash) profile.password_hash = *hash;
                                         profile.reset_required = reset.value_or(profile.reset_required);
                                         repos.login_profiles.put(profile);
                                       });
}

struct ChangeRequest {
  Secret old_password;
  Secret new_password;

  void validate(aws::Validation& validation) const {
    check_password(validation, "oldPassword", old_password);
    check_password(validation, "newPassword", new_password);
  }
};
BOOST_DESCRIBE_STRUCT(ChangeRequest, (), (old_password, new_password))

awaitable<Result<auth::Access>> change_access(Call& call, ChangeRequest& in) {
  const auto own = own_user_name(call);
  if (!own) co_return std::unexpected(own.error());
  auto resource = co_await identity_resource(call, Kind::kUser, *own);
  co_return detail::access_to("iam:ChangePassword", std::move(resource), in);
}

// Whether the caller knows his password; he may not guess it for long.
awaitable<Result<void>> verify_old(Call& call, Secret password) {
  auto& sign_in = call.services.sign_in;
  const auto& user_id = call.principal.user_id;
  auto guess = sign_in.password_failures.guess(user_id, call.source_address);
  if (!guess)
    co_return std::unexpected(aws::kThrottling("Too many wrong passwords. Wait some minutes and try again."));
  const auto profile = co_await call.services.store.read(
      [user_id](store::Repositories& repos) { return repos.login_profiles.find(user_id); });
  const auto right = co_await sign_in.passwords.verify(
      std::move(password), profile ? profile->password_hash.reveal() : std::string());
  if (!right)
    co_return std::unexpected(kServiceUnavailable("Too many passwords are being checked. Try again."));
  if (*right) {
    guess->right();
    co_return Result<void>();
  }
  guess->wrong();
  co_return std::unexpected(aws::kAccessDenied("The old password was incorrect."));
}

awaitable<Result<Empty>> change_password(Call& call, ChangeRequest in) {
  auto known = co_await verify_old(call, std::move(in.old_password));
  if (!known) co_return std::unexpected(std::move(known.error()));
  auto hash = co_await hash_of(call, std::move(in.new_password));
  if (!hash) co_return std::unexpected(std::move(hash.error()));
  co_return co_await change_identities(
      call, [name = call.principal.name, hash = std::move(*hash)](store::Repositories& repos) {
        const auto user = user_named(repos, name);
        auto profile = profile_of(repos, user);
        profile.password_hash = hash;
        profile.reset_required = false;
        repos.login_profiles.put(profile);
      });
}

}  // namespace

void register_login_profiles(Registry& registry) {
  add<CreateRequest, LoginProfileResponse>(
      registry, "CreateLoginProfile",
      {.access = on<Kind::kUser>("CreateLoginProfile", &CreateRequest::user_name), .run = create_profile});
  add<NameRequest, LoginProfileResponse>(
      registry, "GetLoginProfile",
      {.access = on<Kind::kUser>("GetLoginProfile", &NameRequest::user_name), .run = get_profile});
  add<UpdateRequest, Empty>(
      registry, "UpdateLoginProfile",
      {.access = on<Kind::kUser>("UpdateLoginProfile", &UpdateRequest::user_name), .run = update_profile});
  add<NameRequest, Empty>(
      registry, "DeleteLoginProfile",
      {.access = on<Kind::kUser>("DeleteLoginProfile", &NameRequest::user_name), .run = delete_profile});
  add<ChangeRequest, Empty>(registry, "ChangePassword", {.access = change_access, .run = change_password});
}

}  // namespace postern::api::iam
