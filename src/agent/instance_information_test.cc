#include "agent/instance_information.h"

#include <gtest/gtest.h>

namespace postern::agent {
namespace {

TEST(OsRelease, GivesNameAndVersion) {
  const struct {
    const char* text;
    const char* name;
    const char* version;
  } cases[] = {
      {"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n",
       "Debian GNU/Linux", "12"},
      {"NAME=Alpine\nVERSION_ID=3.19.1", "Alpine", "3.19.1"},
      {"NAME='A \\\"B\\\"'\n", "A \"B\"", ""},
      {"", "", ""},
      {"NAME=\n\n=\nVERSION_ID", "", ""},
  };
  for (const auto& [text, name, version] : cases) {
    const auto platform = parse_os_release(text);
    EXPECT_EQ(platform.name, name) << text;
    EXPECT_EQ(platform.version, version) << text;
  }
}

TEST(InstanceInformation, ReducedFormHasFourMembers) {
  EXPECT_EQ(
      encode_json_text(reduced_information("mi-0123456789abcdef0")),
      R"({"AgentName":"amazon-ssm-agent","AgentVersion":"3.3.9999.0","InstanceId":"mi-0123456789abcdef0",)"
      R"("PlatformType":"Linux"})");
}

TEST(InstanceInformation, FullFormSaysThatTheNodeIsActive) {
  const auto information = full_information("mi-0123456789abcdef0");
  EXPECT_EQ(*information.agent_status, "Active");
  EXPECT_TRUE(information.computer_name);
  EXPECT_NE(encode_json_text(information).find(R"("SSMConnectionChannel":"ssmmessages")"), std::string::npos);
}

}  // namespace
}  // namespace postern::agent
