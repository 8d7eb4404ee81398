#include "api/access.h"
#include "api/sts/operations.h"
#include "api/sts/shapes.h"
#include "auth/sign_in.h"

/// GetSessionToken: a user's own permissions for a while, with MFA where a policy asks for it.
namespace postern::api::sts {
namespace {

constexpr int kMinSeconds = 900;
constexpr int kMaxSeconds = 129'600;
constexpr int kDefaultSeconds = 43'200;
const aws::Pattern kSerialNumber(R"([\w+=/:,.@-]*)");
const aws::Pattern kTokenCode(R"([\d]*)");

struct SessionTokenRequest {
  std::optional<int> duration_seconds;
  std::optional<std::string> serial_number;
  std::optional<std::string> token_code;

  void validate(aws::Validation& validation) const {
    if (duration_seconds) validation.range("durationSeconds", *duration_seconds, kMinSeconds, kMaxSeconds);
    if (serial_number) {
      validation.length("serialNumber", *serial_number, 9, 256);
      validation.pattern("serialNumber", *serial_number, kSerialNumber);
    }
    if (token_code) {
      validation.length("tokenCode", *token_code, 6, 6);
      validation.pattern("tokenCode", *token_code, kTokenCode);
    }
    if (serial_number.has_value() != token_code.has_value())
      validation.fail(serial_number ? "tokenCode" : "serialNumber", "null",
                      "Member must not be null: SerialNumber and TokenCode go together");
  }
};
BOOST_DESCRIBE_STRUCT(SessionTokenRequest, (), (duration_seconds, serial_number, token_code))

struct SessionTokenResult {
  Credentials credentials;
};
BOOST_DESCRIBE_STRUCT(SessionTokenResult, (), (credentials))

awaitable<Result<SessionTokenResult>> get_session_token(Call& call, SessionTokenRequest in) {
  const auto& caller = call.principal;
  if (caller.kind != auth::PrincipalKind::kUser || caller.token_issued)
    co_return std::unexpected(aws::kAccessDenied("Cannot call GetSessionToken with session credentials"));
  std::optional<Timestamp> mfa_time;
  if (in.serial_number) {
    auto verified = co_await call.services.sign_in.mfa.verify(caller.user_id, *in.serial_number,
                                                              *in.token_code, call.source_address);
    if (!verified) co_return std::unexpected(std::move(verified.error()));
    mfa_time = call.services.clock.now();
  }
  const auto issued = auth::issue_temporary_credentials(
      {.kind = store::TemporaryCredential::Kind::kSessionToken,
       .user_id = caller.user_id,
       .parent_key_id = caller.access_key_id,
       .mfa_time = mfa_time},
      call.services.clock.now(), std::chrono::seconds(in.duration_seconds.value_or(kDefaultSeconds)));
  co_await call.services.store.run(
      [stored = issued.record](store::Repositories& repos) { repos.temporary_credentials.add(stored); });
  co_return SessionTokenResult{to_shape(issued)};
}

}  // namespace

// Users need no permission for it (API Reference, "Permissions").
void register_session_token(Registry& registry) {
  registry.add("sts", "GetSessionToken",
               query_operation<SessionTokenRequest, SessionTokenResult>("GetSessionToken", kNamespace,
                                                                        {.run = get_session_token}));
}

}  // namespace postern::api::sts
