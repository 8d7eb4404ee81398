#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>

#include "auth/failure_limiter.h"
#include "aws/error.h"
#include "base/clock.h"
#include "store/store.h"

namespace postern::auth {

/// Wrong codes of one user from one address before even a right one is refused for a while: a code is one in
/// a million, and there are three at a time.
inline constexpr FailureLimiter::Limit kCodeFailures{.burst = 5, .refill = std::chrono::seconds(30)};
/// The same from all addresses together. Only whoever has the user's secret key can use this up.
inline constexpr FailureLimiter::Limit kCodeFailuresAnywhere{.burst = 50, .refill = std::chrono::seconds(60)};

/// Whether somebody holds a user's MFA device. Thread-safe.
class MfaVerifier {
 public:
  /// Both must outlive the verifier.
  MfaVerifier(store::Store& store, const Clock& clock)
      : store_(store),
        clock_(clock),
        failures_(clock, kCodeFailures),
        anywhere_(clock, kCodeFailuresAnywhere) {}

  /// Takes a code of the user's device, once. `address` is the caller's. Errors: AccessDenied in AWS's words,
  /// ThrottlingException after too many wrong ones.
  boost::asio::awaitable<std::expected<void, aws::ApiError>> verify(std::string user_id,
                                                                    std::string serial_number,
                                                                    std::string code, std::string address);

 private:
  store::Store& store_;
  const Clock& clock_;
  FailureLimiter failures_;
  FailureLimiter anywhere_;
};

}  // namespace postern::auth
