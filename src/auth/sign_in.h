#pragma once

#include <utility>

#include "auth/failure_limiter.h"
#include "auth/mfa.h"
#include "auth/oidc_keys.h"
#include "auth/password.h"

namespace postern::auth {

/// Wrong passwords of one user from one address before even the right one is refused for a while.
inline constexpr FailureLimiter::Limit kPasswordFailures{.burst = 10, .refill = std::chrono::seconds(30)};

/// The ways to prove who one is that are not a signature, with what they keep. Thread-safe.
struct SignIn {
  /// All must outlive it; OidcKeys says what `fetch` is.
  SignIn(store::Store& store, const Clock& clock, OidcKeys::Fetch fetch)
      : mfa(store, clock), password_failures(clock, kPasswordFailures), oidc_keys(std::move(fetch), clock) {}

  MfaVerifier mfa;
  PasswordHasher passwords;
  FailureLimiter password_failures;
  OidcKeys oidc_keys;
};

}  // namespace postern::auth
