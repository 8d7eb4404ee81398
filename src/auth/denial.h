#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "auth/principal.h"
#include "iam/evaluate.h"
#include "store/sealer.h"

/// What a denied caller is told, and what those who may ask learn from it.
namespace postern::auth {

/// AWS's words: who, which action, which resource, and by which kind of policy or for the lack of which.
std::string denial_text(const Principal& principal, const iam::Request& request,
                        const iam::Decision& decision);

/// `denied explicitly by POLICY statement 0 (Sid)`, for the log; of an Allow `allowed by ...`.
std::string decision_text(const iam::Decision& decision, const iam::Request& request);

/// The account of a denial, sealed, as AWS's "encoded authorization message": at most
/// kMaxEncodedMessage characters, conditions left out from the end where it would be more.
std::string encode_authorization_message(const Principal& principal, const iam::Request& request,
                                         const iam::Decision& decision, const store::Sealer& sealer);

/// What DecodeAuthorizationMessage takes at most.
inline constexpr std::size_t kMaxEncodedMessage = 10'240;

/// The JSON inside; nothing when the text was not made by encode_authorization_message() here.
std::optional<std::string> decode_authorization_message(const std::string& encoded,
                                                        const store::Sealer& sealer);

}  // namespace postern::auth
