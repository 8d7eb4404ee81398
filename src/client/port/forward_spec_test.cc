#include "client/port/forward_spec.h"

#include <gtest/gtest.h>

namespace postern::client {
namespace {

TEST(ParseLocalForward, ReadsWhatOpenSshReads) {
  struct Case {
    std::string text;
    LocalAddress from;
    LocalAddress to;
  };
  const std::vector<Case> cases = {
      {"8080:db:5432", {"127.0.0.1", 8080, ""}, {"db", 5432, ""}},
      {"0:localhost:80", {"127.0.0.1", 0, ""}, {"localhost", 80, ""}},
      {"localhost:8080:db:5432", {"localhost", 8080, ""}, {"db", 5432, ""}},
      {"*:8080:db:5432", {"0.0.0.0", 8080, ""}, {"db", 5432, ""}},
      {":8080:db:5432", {"0.0.0.0", 8080, ""}, {"db", 5432, ""}},
      {"[::1]:8080:[2001:db8::7]:443", {"::1", 8080, ""}, {"2001:db8::7", 443, ""}},
      {"8080:[fe80::1]:443", {"127.0.0.1", 8080, ""}, {"fe80::1", 443, ""}},
      {"2375:/var/run/docker.sock", {"127.0.0.1", 2375, ""}, {"", 0, "/var/run/docker.sock"}},
      {"127.0.0.2:2375:/run/a:b.sock", {"127.0.0.2", 2375, ""}, {"", 0, "/run/a:b.sock"}},
      {"/tmp/here.sock:db:5432", {"", 0, "/tmp/here.sock"}, {"db", 5432, ""}},
      {"/tmp/here.sock:/run/there.sock", {"", 0, "/tmp/here.sock"}, {"", 0, "/run/there.sock"}},
  };
  for (const auto& test : cases) {
    const auto spec = parse_local_forward(test.text);
    ASSERT_TRUE(spec) << test.text << ": " << spec.error();
    EXPECT_EQ(spec->from, test.from) << test.text;
    EXPECT_EQ(spec->to, test.to) << test.text;
  }
}

TEST(ParseLocalForward, SaysWhatIsWrongAndWhatWasExpected) {
  struct Case {
    std::string text;
    std::string why;
  };
  const std::vector<Case> cases = {
      {"", "it has no destination"},
      {"8080", "it has no destination"},
      {"8080:db", "its destination needs a host and a port"},
      {"8080:db:", "\"\" is not a port from 1 to 65535"},
      {"8080:db:0", "\"0\" is not a port from 1 to 65535"},
      {"65536:db:80", "\"65536\" is not a port from 0 to 65535"},
      {"+1:db:80", "\"+1\" is not a port from 0 to 65535"},
      {"8080:db:80x", "\"80x\" is not a port from 1 to 65535"},
      {"8080::80", "the destination has no host"},
      {"8080:a b:80", "blanks are no part of a host name"},
      {"a:b:8080:db:80", "it has too many parts"},
      {"8080:[::1:80", "a bracket is not closed"},
      {"8080:[db]:80", "[db] is not an IPv6 address"},
      {"8080:[::1]80", "a colon was expected behind the bracket"},
      {"8080:/" + std::string(200, 'x'), "the path of a UNIX socket has at most 107 bytes, not 201"},
  };
  for (const auto& test : cases) {
    const auto spec = parse_local_forward(test.text);
    ASSERT_FALSE(spec) << test.text;
    EXPECT_TRUE(spec.error().starts_with("-L " + test.text + ": " + test.why + "; expected [BIND:]PORT:HOST"))
        << spec.error();
  }
}

TEST(ParseDynamicForward, ReadsAPortAndAnAddress) {
  EXPECT_EQ(*parse_dynamic_forward("1080"), (LocalAddress{"127.0.0.1", 1080, ""}));
  EXPECT_EQ(*parse_dynamic_forward("[::1]:1080"), (LocalAddress{"::1", 1080, ""}));
  EXPECT_EQ(*parse_dynamic_forward("*:0"), (LocalAddress{"0.0.0.0", 0, ""}));
  EXPECT_EQ(parse_dynamic_forward("/tmp/socket").error(),
            "-D /tmp/socket: a SOCKS proxy listens on a port; expected [BIND:]PORT, with an IPv6 address in "
            "brackets");
  EXPECT_FALSE(parse_dynamic_forward("a:b:1080"));
}

TEST(ParseRemoteForward, ListensOnPortsOnly) {
  const auto spec = parse_remote_forward("9000:localhost:3000");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->from, (LocalAddress{"127.0.0.1", 9000, ""}));
  EXPECT_EQ(spec->to, (LocalAddress{"localhost", 3000, ""}));
  EXPECT_EQ(parse_remote_forward("*:9000:/run/app.sock")->to.path, "/run/app.sock");
  EXPECT_TRUE(parse_remote_forward("/run/there:db:80")
                  .error()
                  .starts_with("-R /run/there:db:80: the node listens on ports only; expected "));
}

}  // namespace
}  // namespace postern::client
