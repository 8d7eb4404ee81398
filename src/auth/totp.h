#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"

/// One-time codes of virtual MFA devices: RFC 6238 with SHA-1, 30 s and six digits, which is what every
/// authenticator app and AWS use. Pure.
namespace postern::auth {

inline constexpr std::chrono::seconds kTotpStep{30};
inline constexpr std::size_t kTotpDigits = 6;
/// A code of the step before or after is taken too: clocks differ, and typing takes time (RFC 6238 section
/// 5.2).
inline constexpr std::int64_t kTotpTolerance = 1;

/// A seed of 320 random bits, 64 characters in base32: the length that AWS gives out. Bytes, not text.
Secret make_totp_seed();

/// What people type into an app.
Secret totp_seed_text(const Secret& seed);

/// The number of the step in which `time` lies.
std::int64_t totp_step(Timestamp time);

/// The code of a step, which is not negative.
std::string totp_code(const Secret& seed, std::int64_t step);

/// The step whose code `code` is: at most kTotpTolerance from `now`, and later than `last_used` (0: none
/// yet), since a code counts once (RFC 6238 section 5.2). Nothing otherwise. Takes the same time whatever the
/// code.
std::optional<std::int64_t> match_totp(const Secret& seed, std::string_view code, Timestamp now,
                                       std::int64_t last_used);

/// Two codes that follow each other, as enabling a device demands: the step of the second. How far the
/// device's clock may be off is `tolerance` steps; nothing outside it.
std::optional<std::int64_t> match_totp_pair(const Secret& seed, std::string_view first,
                                            std::string_view second, Timestamp now, std::int64_t tolerance);

/// What the QR code of a device says: `otpauth://totp/Postern:alice?secret=...&issuer=Postern` (the format of
/// Google Authenticator's wiki, "Key Uri Format").
Secret totp_uri(std::string_view issuer, std::string_view name, const Secret& seed);

}  // namespace postern::auth
