#include "auth/mfa.h"

#include <optional>
#include <utility>

#include "auth/totp.h"

namespace postern::auth {
namespace {

// Failures from anywhere are counted under an address that nobody has.
constexpr std::string_view kAnywhere;

enum class Outcome { kRight, kWrong, kNoDevice };

}  // namespace

boost::asio::awaitable<std::expected<void, aws::ApiError>> MfaVerifier::verify(std::string user_id,
                                                                               std::string serial_number,
                                                                               std::string code,
                                                                               std::string address) {
  auto guess = failures_.guess(user_id, address);
  auto guess_anywhere = anywhere_.guess(user_id, kAnywhere);
  if (!guess || !guess_anywhere)
    co_return std::unexpected(
        aws::kThrottling("Too many wrong MFA codes. Wait some minutes and try again with a new code."));
  const auto now = clock_.now();
  // One transaction, so that of two who show the same code one comes second.
  const auto outcome = co_await store_.run([=](store::Repositories& repos) {
    const auto device = repos.mfa_devices.find(serial_number);
    if (!device || device->user_id != user_id || !device->enabled) return Outcome::kNoDevice;
    const auto step = match_totp(device->seed, code, now, device->last_step);
    return step && repos.mfa_devices.accept_step(serial_number, *step) ? Outcome::kRight : Outcome::kWrong;
  });
  if (outcome == Outcome::kRight) {
    guess->right();
    co_return std::expected<void, aws::ApiError>();
  }
  guess->wrong();
  guess_anywhere->wrong();
  if (outcome == Outcome::kNoDevice)
    co_return std::unexpected(aws::kAccessDenied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
        "serial number is valid and associated with this user."));
  co_return std::unexpected(
      aws::kAccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code."));
}

}  // namespace postern::auth
