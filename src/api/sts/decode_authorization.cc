#include "api/sts/decode_authorization.h"

#include "auth/denial.h"

/// DecodeAuthorizationMessage: what a denial ended with, for those who may know the policies behind it.
namespace postern::api::sts {
namespace {

constexpr auto kNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";
constexpr aws::ErrorCode kInvalidMessage{"InvalidAuthorizationMessageException", 400};

struct DecodeAuthorizationMessageRequest {
  std::string encoded_message;
  void validate(aws::Validation& validation) const {
    validation.length("encodedMessage", encoded_message, 1, auth::kMaxEncodedMessage);
  }
};
BOOST_DESCRIBE_STRUCT(DecodeAuthorizationMessageRequest, (), (encoded_message))

struct DecodeAuthorizationMessageResult {
  std::string decoded_message;
};
BOOST_DESCRIBE_STRUCT(DecodeAuthorizationMessageResult, (), (decoded_message))

awaitable<Result<DecodeAuthorizationMessageResult>> decode_authorization_message(
    Call& call, DecodeAuthorizationMessageRequest in) {
  auto decoded = call.services.authorizer.decode_message(in.encoded_message);
  if (!decoded)
    co_return std::unexpected(
        kInvalidMessage("The message was not made by this service, or was altered. Give all that follows "
                        "\"Encoded authorization "
                        "failure message: \"."));
  co_return DecodeAuthorizationMessageResult{std::move(*decoded)};
}

}  // namespace

void register_decode_authorization(Registry& registry) {
  registry.add(
      "sts", "DecodeAuthorizationMessage",
      query_operation<DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResult>(
          "DecodeAuthorizationMessage", kNamespace,
          {.access = on_everything("sts:DecodeAuthorizationMessage"), .run = decode_authorization_message}));
}

}  // namespace postern::api::sts
