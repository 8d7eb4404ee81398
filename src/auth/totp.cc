#include "auth/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "aws/uri.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"

namespace postern::auth {
namespace {

constexpr std::size_t kSeedBytes = 40;
constexpr std::uint32_t kModulus = 1'000'000;

// RFC 4226 section 5.3.
std::string hotp(ByteView key, std::uint64_t counter) {
  std::array<std::uint8_t, 8> message{};
  store_be(message.data(), counter);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac{};
  unsigned length = 0;
  POSTERN_CHECK(HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
                     mac.data(), &length) != nullptr);
  const auto at = mac[length - 1] & 0x0fU;
  const auto number = (load_be<std::uint32_t>(mac.data() + at) & 0x7fffffffU) % kModulus;
  auto digits = std::to_string(number);
  return std::string(kTotpDigits - digits.size(), '0') + digits;
}

}  // namespace

Secret make_totp_seed() {
  std::array<std::uint8_t, kSeedBytes> bytes{};
  fill_random(bytes);
  return Secret(std::string(as_text(bytes)));
}

Secret totp_seed_text(const Secret& seed) {
  return Secret(to_base32(as_bytes(seed.reveal())));
}

std::int64_t totp_step(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch() / kTotpStep;
}

std::string totp_code(const Secret& seed, std::int64_t step) {
  return hotp(as_bytes(seed.reveal()), static_cast<std::uint64_t>(step));
}

std::optional<std::int64_t> match_totp(const Secret& seed, std::string_view code, Timestamp now,
                                       std::int64_t last_used) {
  std::optional<std::int64_t> matched;
  const auto current = totp_step(now);
  for (auto step = current - kTotpTolerance; step <= current + kTotpTolerance; ++step) {
    const bool right = equal_in_constant_time(totp_code(seed, step), code);
    if (right && step > last_used) matched = step;
  }
  return matched;
}

std::optional<std::int64_t> match_totp_pair(const Secret& seed, std::string_view first,
                                            std::string_view second, Timestamp now, std::int64_t tolerance) {
  std::optional<std::int64_t> matched;
  const auto current = totp_step(now);
  for (auto step = current - tolerance; step <= current + tolerance; ++step) {
    const bool first_right = equal_in_constant_time(totp_code(seed, step - 1), first);
    const bool second_right = equal_in_constant_time(totp_code(seed, step), second);
    if (first_right && second_right) matched = step;
  }
  return matched;
}

Secret totp_uri(std::string_view issuer, std::string_view name, const Secret& seed) {
  const auto escaped_issuer = aws::uri_encode(issuer);
  return Secret("otpauth://totp/" + escaped_issuer + ':' + aws::uri_encode(name) +
                "?secret=" + totp_seed_text(seed).reveal() + "&issuer=" + escaped_issuer);
}

}  // namespace postern::auth
