#include <gtest/gtest.h>

#include "store/error.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

class SignIn : public testing::Test, protected TestDatabase {
 protected:
  SignIn() {
    repositories().users.add({.user_id = "AIDA1", .name = "bob", .arn = "arn:bob", .created = at(1)});
    repositories().mfa_devices.add({.serial_number = "arn:mfa", .seed = Secret("seed"), .created = at(2)});
  }
};

TEST_F(SignIn, LoginProfileIsReplacedAndRemoved) {
  auto& profiles = repositories().login_profiles;
  EXPECT_FALSE(profiles.find("AIDA1"));
  profiles.put({.user_id = "AIDA1", .password_hash = Secret("h1"), .reset_required = true, .created = at(1)});
  profiles.put({.user_id = "AIDA1", .password_hash = Secret("h2"), .created = at(5)});
  const auto found = profiles.find("AIDA1").value();
  EXPECT_EQ(found.password_hash.reveal(), "h2");
  EXPECT_FALSE(found.reset_required);
  EXPECT_EQ(found.created, at(1));
  EXPECT_TRUE(profiles.remove("AIDA1"));
  EXPECT_FALSE(profiles.remove("AIDA1"));
}

TEST_F(SignIn, DeviceIsEnabledForAUser) {
  auto& devices = repositories().mfa_devices;
  EXPECT_FALSE(devices.find("arn:mfa")->user_id);
  EXPECT_TRUE(devices.enable("arn:mfa", "AIDA1", at(3), 100));
  const auto found = devices.find("arn:mfa").value();
  EXPECT_EQ(found.user_id, "AIDA1");
  EXPECT_EQ(found.enabled, at(3));
  EXPECT_EQ(found.last_step, 100);
  EXPECT_EQ(found.seed.reveal(), "seed");
  EXPECT_EQ(devices.devices_of("AIDA1").size(), 1U);
  EXPECT_TRUE(devices.disable("arn:mfa"));
  EXPECT_TRUE(devices.devices_of("AIDA1").empty());
  EXPECT_EQ(devices.list().size(), 1U);
}

TEST_F(SignIn, CodeIsAcceptedOnce) {
  auto& devices = repositories().mfa_devices;
  devices.enable("arn:mfa", "AIDA1", at(3), 100);
  EXPECT_FALSE(devices.accept_step("arn:mfa", 100));
  EXPECT_TRUE(devices.accept_step("arn:mfa", 101));
  EXPECT_FALSE(devices.accept_step("arn:mfa", 101));
  EXPECT_FALSE(devices.accept_step("arn:other", 102));
}

TEST_F(SignIn, DeviceOutlivesItsUser) {
  auto& devices = repositories().mfa_devices;
  devices.enable("arn:mfa", "AIDA1", at(3), 100);
  EXPECT_TRUE(repositories().users.remove("AIDA1"));
  EXPECT_FALSE(devices.find("arn:mfa")->user_id);
  EXPECT_TRUE(devices.remove("arn:mfa"));
}

TEST_F(SignIn, ProviderKeepsItsLists) {
  auto& providers = repositories().oidc_providers;
  providers.add({.arn = "arn:p",
                 .url = "login.example",
                 .client_ids = {"one", "two"},
                 .thumbprints = {},
                 .created = at(1)});
  auto found = providers.find("arn:p").value();
  EXPECT_EQ(found.client_ids, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(found.thumbprints.empty());
  found.client_ids = {"three"};
  found.thumbprints = {"00ff"};
  EXPECT_TRUE(providers.update(found));
  EXPECT_EQ(providers.list().at(0).client_ids, std::vector<std::string>{"three"});
  EXPECT_EQ(providers.list().at(0).thumbprints, std::vector<std::string>{"00ff"});
  EXPECT_THROW(providers.add(found), StoreError);
  EXPECT_TRUE(providers.remove("arn:p"));
}

}  // namespace
}  // namespace postern::store
