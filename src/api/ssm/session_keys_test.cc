#include "api/ssm/session_keys.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace postern::api::ssm {
namespace {

/// The keys without `postern:`, `; ` between sets.
std::string keys(std::string_view type, std::string_view properties, std::string_view inputs = "{}",
                 const std::string& run_as_user = {}) {
  const wire::SessionDocument document{.session_type = std::string(type),
                                       .inputs = boost::json::parse(inputs),
                                       .properties = boost::json::parse(properties)};
  std::string text;
  for (const auto& set : session_keys(document, run_as_user)) {
    if (!text.empty()) text += "; ";
    text += '{';
    for (const auto& [key, value] : set) text += ' ' + key.substr(8) + '=' + value;
    text += " }";
  }
  return text;
}

TEST(SessionKeys, OfForwards) {
  EXPECT_EQ(keys("Port", R"({"portNumber":"80","type":"LocalPortForwarding"})"),
            "{ Host=localhost PortNumber=80 }");
  EXPECT_EQ(keys("Port", R"({"host":"DB.Internal.","portNumber":"5432"})"),
            "{ Host=db.internal PortNumber=5432 }");
  EXPECT_EQ(keys("Port", R"({"socket":"/run/x"})"), "{ Host=unix:/run/x }");
}

TEST(SessionKeys, EachDestinationAndListenerByItself) {
  EXPECT_EQ(keys("Port", R"({"host":"a","portNumber":"1","destinations":["A:1","[::1]:2","unix:/x","*"],
                             "listeners":["8080","0.0.0.0:9"]})"),
            "{ Host=a PortNumber=1 }; { Host=a PortNumber=1 }; { Host=::1 PortNumber=2 }; { Host=unix:/x }; "
            "{ Host=* }; { Host=listen:localhost PortNumber=8080 }; { Host=listen:0.0.0.0 PortNumber=9 }");
  // 0 is no destination.
  EXPECT_EQ(keys("Port", R"({"portNumber":"0","destinations":["a:1"]})"), "{ Host=a PortNumber=1 }");
}

TEST(SessionKeys, OfCommandsAndFiles) {
  EXPECT_EQ(keys("InteractiveCommands", R"({"linux":{"commands":"top -b"}})"), "{ Command=top -b }");
  EXPECT_EQ(keys("InteractiveCommands", R"({"linux":{"commands":"a"},"macos":{"commands":"b"}})"),
            "{ Command=a }; { Command=b }");
  EXPECT_EQ(keys("NonInteractiveCommands",
                 R"({"linux":{"commands":"c","copyFiles":{"direction":"upload","path":"/x"}}})"),
            "{ Command=c FileDirection=upload }");
}

TEST(SessionKeys, OfAPlainShellAreNone) {
  EXPECT_EQ(keys("Standard_Stream", "{}"), "{ }");
  EXPECT_EQ(keys("Standard_Stream", "null"), "{ }");
}

TEST(SessionKeys, LocalUserWhereTheServiceSaysIt) {
  EXPECT_EQ(keys("Standard_Stream", "{}", R"({"runAsEnabled":true,"runAsDefaultUser":"nobody"})"),
            "{ LocalUser=nobody }");
  EXPECT_EQ(keys("Standard_Stream", "{}", R"({"runAsEnabled":true,"runAsDefaultUser":"nobody"})", "ana"),
            "{ LocalUser=ana }");
  EXPECT_EQ(keys("Standard_Stream", "{}", R"({"runAsEnabled":false,"runAsDefaultUser":"nobody"})", "ana"),
            "{ }");
  EXPECT_EQ(keys("InteractiveCommands", R"({"linux":{"commands":"a","runAsElevated":true}})",
                 R"({"runAsEnabled":true,"runAsDefaultUser":"nobody"})"),
            "{ Command=a LocalUser=root }");
}

}  // namespace
}  // namespace postern::api::ssm
