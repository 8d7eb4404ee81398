#include "agent/process/run_as.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postern::agent {
namespace {

SessionInputs run_as(std::string default_user) {
  SessionInputs inputs;
  inputs.run_as_enabled = true;
  inputs.run_as_default_user = std::move(default_user);
  return inputs;
}

std::string refusal(const SessionInputs& inputs, const std::optional<std::string>& own = std::nullopt) {
  const auto user = session_user(inputs, own, false);
  return user ? "<runs as " + user->login.name + '>' : user.error();
}

TEST(RunAs, WithoutItTheAgentsOwnUser) {
  const auto user = session_user({}, "nobody", false);
  ASSERT_TRUE(user) << user.error();
  EXPECT_EQ(user->login.uid, ::geteuid());
  EXPECT_FALSE(user->identity);
}

TEST(RunAs, ElevatedGoesBeforeRunAs) {
  const auto user = session_user(run_as("nobody"), std::nullopt, true);
  ASSERT_TRUE(user) << user.error();
  EXPECT_FALSE(user->identity);
}

TEST(RunAs, NeedsAName) {
  for (const char* blank : {"", " ", "\t\n"}) {
    EXPECT_NE(refusal(run_as(blank), blank).find("no user is named"), std::string::npos) << blank;
  }
}

TEST(RunAs, NeedsRoot) {
  if (::geteuid() == 0) GTEST_SKIP() << "runs as root";
  EXPECT_NE(refusal(run_as("nobody")).find("does not run as root"), std::string::npos);
}

class RunAsRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

TEST_F(RunAsRoot, RefusesAnUnknownUser) {
  EXPECT_EQ(refusal(run_as("no-such-user")), "The user no-such-user does not exist on this node.");
}

TEST_F(RunAsRoot, ControlPlaneTrap31_NeverRunsAsRoot) {
  EXPECT_EQ(refusal(run_as("root")), "A session may not run as root, whose user or group id is 0.");
  EXPECT_EQ(refusal(run_as("nobody"), "root"), "A session may not run as root, whose user or group id is 0.");
}

TEST_F(RunAsRoot, TheCallersOwnNameGoesBeforeTheDefault) {
  EXPECT_EQ(refusal(run_as("no-such-user"), "nobody"), "<runs as nobody>");
  EXPECT_EQ(refusal(run_as("nobody"), " "), "<runs as nobody>");
}

TEST_F(RunAsRoot, DropsAllRightsForGood) {
  const auto user = session_user(run_as("nobody"), std::nullopt, false);
  ASSERT_TRUE(user && user->identity) << user.error();
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool dropped = settle_child("/", &*user->identity);
    gid_t groups[64];
    const int count = ::getgroups(64, groups);
    bool rooted = count < 0;
    for (int i = 0; i < count; ++i) rooted = rooted || groups[i] == 0;
    const bool back = ::seteuid(0) == 0 || ::setegid(0) == 0;
    const bool reads = ::open("/etc/shadow", O_RDONLY) >= 0;
    ::_exit(dropped && !rooted && !back && !reads && ::getuid() == user->login.uid &&
                    ::getegid() == user->login.gid
                ? 0
                : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace postern::agent
