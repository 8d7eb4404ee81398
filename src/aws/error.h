#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace postern::aws {

/// An API error as AWS names it. `code` is the name without suffix or namespace ("AccessDeniedException");
/// the status is what AWS's services answer with it.
struct ApiError {
  std::string code;
  unsigned status = 400;
  std::string message;
};

/// A code with its HTTP status; call it with a message to make the error: `kInvalidInstanceId("...")`.
struct ErrorCode {
  std::string_view code;
  unsigned status;
  ApiError operator()(std::string message) const { return {std::string(code), status, std::move(message)}; }
};

inline constexpr ErrorCode kAccessDenied{"AccessDeniedException", 400};
inline constexpr ErrorCode kDoesNotExist{"DoesNotExistException", 400};
inline constexpr ErrorCode kExpiredToken{"ExpiredTokenException", 400};
inline constexpr ErrorCode kIncompleteSignature{"IncompleteSignatureException", 400};
inline constexpr ErrorCode kInternalServerError{"InternalServerError", 500};
inline constexpr ErrorCode kInvalidSignature{"InvalidSignatureException", 403};
inline constexpr ErrorCode kMissingAuthenticationToken{"MissingAuthenticationTokenException", 403};
inline constexpr ErrorCode kRequestEntityTooLarge{"RequestEntityTooLargeException", 413};
inline constexpr ErrorCode kSerialization{"SerializationException", 400};
inline constexpr ErrorCode kThrottling{"ThrottlingException", 400};
inline constexpr ErrorCode kUnknownOperation{"UnknownOperationException", 404};
inline constexpr ErrorCode kUnrecognizedClient{"UnrecognizedClientException", 403};
inline constexpr ErrorCode kValidation{"ValidationException", 400};
// ssm
inline constexpr ErrorCode kActivationExpired{"ActivationExpired", 400};
inline constexpr ErrorCode kDocumentAlreadyExists{"DocumentAlreadyExists", 400};
inline constexpr ErrorCode kDocumentLimitExceeded{"DocumentLimitExceeded", 400};
inline constexpr ErrorCode kDocumentVersionLimitExceeded{"DocumentVersionLimitExceeded", 400};
inline constexpr ErrorCode kDuplicateDocumentContent{"DuplicateDocumentContent", 400};
inline constexpr ErrorCode kDuplicateDocumentVersionName{"DuplicateDocumentVersionName", 400};
inline constexpr ErrorCode kInvalidActivation{"InvalidActivation", 400};
inline constexpr ErrorCode kInvalidActivationId{"InvalidActivationId", 400};
inline constexpr ErrorCode kInvalidDocument{"InvalidDocument", 400};
inline constexpr ErrorCode kInvalidDocumentContent{"InvalidDocumentContent", 400};
inline constexpr ErrorCode kInvalidDocumentOperation{"InvalidDocumentOperation", 400};
inline constexpr ErrorCode kInvalidDocumentSchemaVersion{"InvalidDocumentSchemaVersion", 400};
inline constexpr ErrorCode kInvalidDocumentVersion{"InvalidDocumentVersion", 400};
inline constexpr ErrorCode kInvalidFilter{"InvalidFilter", 400};
inline constexpr ErrorCode kInvalidFilterKey{"InvalidFilterKey", 400};
inline constexpr ErrorCode kInvalidInstanceId{"InvalidInstanceId", 400};
inline constexpr ErrorCode kInvalidInstanceInformationFilterValue{"InvalidInstanceInformationFilterValue",
                                                                  400};
inline constexpr ErrorCode kInvalidNextToken{"InvalidNextToken", 400};
inline constexpr ErrorCode kInvalidParameters{"InvalidParameters", 400};
inline constexpr ErrorCode kInvalidPublicKey{"InvalidPublicKey", 400};
inline constexpr ErrorCode kInvalidResourceId{"InvalidResourceId", 400};
inline constexpr ErrorCode kInvalidResourceType{"InvalidResourceType", 400};
inline constexpr ErrorCode kMachineFingerprintDoesNotMatch{"MachineFingerprintDoesNotMatch", 400};
inline constexpr ErrorCode kMaxDocumentSizeExceeded{"MaxDocumentSizeExceeded", 400};
inline constexpr ErrorCode kPublicKeyAlreadyRegistered{"PublicKeyAlreadyRegistered", 400};
inline constexpr ErrorCode kRegistrationLimitExceeded{"RegistrationLimitExceeded", 400};
inline constexpr ErrorCode kTargetNotConnected{"TargetNotConnected", 400};
inline constexpr ErrorCode kTooManyTags{"TooManyTagsError", 400};
inline constexpr ErrorCode kUnsupportedPlatformType{"UnsupportedPlatformType", 400};

// sts
/// Of the web identity token itself; kExpiredToken is that of the caller's credentials. The protocol gives
/// both the names that STS gives them.
inline constexpr ErrorCode kExpiredWebIdentityToken{"ExpiredWebIdentityToken", 400};
inline constexpr ErrorCode kIdpCommunicationError{"IDPCommunicationError", 400};
inline constexpr ErrorCode kIdpRejectedClaim{"IDPRejectedClaim", 403};
inline constexpr ErrorCode kInvalidIdentityToken{"InvalidIdentityToken", 400};
inline constexpr ErrorCode kPackedPolicyTooLarge{"PackedPolicyTooLarge", 400};

}  // namespace postern::aws
