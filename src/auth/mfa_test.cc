#include "auth/mfa.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <vector>

#include "auth/totp.h"
#include "store/test_store.h"

namespace postern::auth {
namespace {

const Timestamp kNow = store::at(0);
const Secret kSeed("12345678901234567890");
constexpr auto kSerial = "arn:aws:iam::123456789012:mfa/alice";

class SetClock final : public Clock {
 public:
  Timestamp now() const override { return time; }
  Timestamp time = kNow;
};

class MfaVerifierTest : public ::testing::Test {
 protected:
  MfaVerifierTest() {
    store_->run_blocking([](store::Repositories& repos) {
      for (const auto* name : {"alice", "bob"})
        repos.users.add({.user_id = name, .name = name, .arn = name, .created = kNow});
      repos.mfa_devices.add({.serial_number = kSerial, .seed = kSeed, .created = kNow});
      repos.mfa_devices.enable(kSerial, "alice", kNow, totp_step(kNow) - 2);
    });
  }

  /// `right`, or the error's code.
  std::string verify(const std::string& code, const std::string& user = "alice",
                     const std::string& address = "192.0.2.1") {
    const auto result = store::await(verifier_.verify(user, kSerial, code, address));
    return result ? "right" : result.error().code;
  }
  std::string code() const { return totp_code(kSeed, totp_step(clock_.time)); }
  std::string wrong_code() const { return code() == "000000" ? "111111" : "000000"; }

  store::TestDirectory directory_;
  std::unique_ptr<store::Store> store_ = store::Store::open_sqlite(directory_ / "db", store::test_sealer());
  SetClock clock_;
  MfaVerifier verifier_{*store_, clock_};
};

TEST_F(MfaVerifierTest, TakesACodeOnce) {
  EXPECT_EQ(verify(code()), "right");
  EXPECT_EQ(verify(code()), "AccessDeniedException");
  clock_.time += kTotpStep;
  EXPECT_EQ(verify(code()), "right");
}

TEST_F(MfaVerifierTest, TheDeviceIsOneUsers) {
  EXPECT_EQ(verify(code(), "bob"), "AccessDeniedException");
  store_->run_blocking([](store::Repositories& repos) { repos.mfa_devices.disable(kSerial); });
  EXPECT_EQ(verify(code()), "AccessDeniedException");
}

TEST_F(MfaVerifierTest, GuessingEndsEvenForTheRightCode) {
  for (unsigned i = 0; i < kCodeFailures.burst; ++i) EXPECT_EQ(verify(wrong_code()), "AccessDeniedException");
  EXPECT_EQ(verify(code()), "ThrottlingException");
  EXPECT_EQ(verify(code(), "alice", "192.0.2.2"), "right") << "from elsewhere she may";
  clock_.time += kCodeFailures.refill;
  EXPECT_EQ(verify(code()), "right");
}

TEST_F(MfaVerifierTest, GuessingAtTheSameTimeGainsNothing) {
  boost::asio::io_context context;
  std::vector<std::future<std::expected<void, aws::ApiError>>> answers;
  for (unsigned i = 0; i < 4 * kCodeFailures.burst; ++i) {
    answers.push_back(boost::asio::co_spawn(
        context, verifier_.verify("alice", kSerial, wrong_code(), "192.0.2.1"), boost::asio::use_future));
  }
  context.run();
  unsigned verified = 0;
  for (auto& each : answers) {
    const auto answer = each.get();
    ASSERT_FALSE(answer);
    if (answer.error().code == "AccessDeniedException") ++verified;
  }
  EXPECT_EQ(verified, kCodeFailures.burst);
}

TEST_F(MfaVerifierTest, GuessingFromManyAddressesEndsToo) {
  for (unsigned i = 0; i < kCodeFailuresAnywhere.burst; ++i)
    EXPECT_EQ(verify(wrong_code(), "alice", "192.0.2." + std::to_string(i)), "AccessDeniedException");
  EXPECT_EQ(verify(code(), "alice", "198.51.100.1"), "ThrottlingException");
}

TEST_F(MfaVerifierTest, ARightCodeUsesNothingUp) {
  for (unsigned i = 1; i < kCodeFailuresAnywhere.burst; ++i)
    EXPECT_EQ(verify(wrong_code(), "alice", "192.0.2." + std::to_string(i)), "AccessDeniedException");
  EXPECT_EQ(verify(code(), "alice", "198.51.100.1"), "right");
  clock_.time += kTotpStep;
  EXPECT_EQ(verify(code(), "alice", "198.51.100.1"), "right");
}

}  // namespace
}  // namespace postern::auth
