#include "agent/port/target.h"

#include <gtest/gtest.h>

#include "agent/port/address_rules.h"

namespace postern::agent {
namespace {

TEST(PortTarget, ReadsDestinations) {
  const std::pair<const char*, Target> rows[] = {
      {"db.internal:5432", TcpTarget{"db.internal", 5432}},
      {"10.0.0.1:1", TcpTarget{"10.0.0.1", 1}},
      {"[::1]:65535", TcpTarget{"::1", 65535}},
      {"::1:80", TcpTarget{"::1", 80}},
      {"unix:/run/x.sock", UnixTarget{"/run/x.sock"}},
  };
  for (const auto& [text, target] : rows) {
    const auto read = parse_destination(text);
    ASSERT_TRUE(read) << text << read.error();
    EXPECT_EQ(*read, target) << text;
  }
  EXPECT_EQ(to_string(*parse_destination("[::1]:80")), "[::1]:80");
  EXPECT_EQ(to_string(*parse_destination("unix:/x")), "unix:/x");
}

TEST(PortTarget, RefusesWhatIsNone) {
  for (const char* bad : {"", "host", "host:", ":80", "host:0", "host:65536", "host:-1", "host:80x", "a b:80",
                          "[]:80", "unix:", "unix:x", "unix:./x", "ho\nst:80", "a/b:80"}) {
    EXPECT_FALSE(parse_destination(bad)) << bad;
  }
  EXPECT_FALSE(parse_destination("unix:/" + std::string(107, 'x')));
  EXPECT_FALSE(parse_destination(std::string(254, 'x') + ":80"));
}

TEST(PortTarget, OfAStreamNamesItsKind) {
  EXPECT_EQ(*parse_stream_target("tcp:a:80"), Target(TcpTarget{"a", 80}));
  EXPECT_EQ(*parse_stream_target("tcp:[::1]:80"), Target(TcpTarget{"::1", 80}));
  EXPECT_EQ(*parse_stream_target("unix:/a"), Target(UnixTarget{"/a"}));
  for (const char* bad : {"", "a:80", "listener:0", "udp:a:80", "tcp:", "tcp:a", "unix:a"}) {
    EXPECT_FALSE(parse_stream_target(bad)) << bad;
  }
}

DestinationRules rules(const std::vector<std::string>& list) {
  return *DestinationRules::parse(list);
}

TEST(DestinationRules, MatchWhatIsMeantAndNothingElse) {
  const auto some = rules({"DB.internal:5432", "10.0.0.1:80", "[fe80::1]:22", "unix:/run/x.sock"});
  for (const char* yes : {"tcp:db.INTERNAL:5432", "tcp:db.internal.:5432", "tcp:10.0.0.1:80",
                          "tcp:[FE80:0::1]:22", "unix:/run/x.sock"}) {
    EXPECT_TRUE(some.allows(*parse_stream_target(yes))) << yes;
  }
  for (const char* no :
       {"tcp:db.internal:5433", "tcp:xdb.internal:5432", "tcp:10.0.0.10:80", "tcp:10.0.0.1:8",
        "unix:/run/x.sock2", "unix:/run/../run/x.sock", "tcp:[fe80::2]:22"}) {
    EXPECT_FALSE(some.allows(*parse_stream_target(no))) << no;
  }
  EXPECT_FALSE(rules({}).allows(TcpTarget{"localhost", 22}));
  EXPECT_TRUE(rules({"*"}).allows(TcpTarget{"anything", 1}));
  EXPECT_TRUE(rules({"*"}).allows_unix());
  EXPECT_TRUE(some.allows_unix());
  EXPECT_FALSE(rules({"a:1"}).allows_unix());
}

TEST(DestinationRules, SayWhichOneIsWrong) {
  const auto bad = DestinationRules::parse({"a:1", "b:x"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), "destination \"b:x\": expected a port from 1 to 65535");
}

bool denied(const AddressRules& list, const char* address) {
  return list.denies(boost::asio::ip::make_address(address));
}

TEST(AddressRules, DenyMetadataServicesInEverySpelling) {
  const auto list = *AddressRules::parse({});
  for (const char* yes : {"169.254.169.254", "169.254.169.253", "169.254.169.123", "169.254.169.250",
                          "169.254.169.251", "fd00:ec2::254", "fd00:ec2:0::240", "::ffff:169.254.169.254",
                          "::ffff:a9fe:a9fe", "64:ff9b::169.254.169.254", "::169.254.169.254"}) {
    EXPECT_TRUE(denied(list, yes)) << yes;
  }
  for (const char* no : {"169.254.169.252", "127.0.0.1", "::1", "::ffff:10.0.0.1", "fd00:ec2::255", "::"}) {
    EXPECT_FALSE(denied(list, no)) << no;
  }
}

TEST(AddressRules, AreTheOperators) {
  const auto list = *AddressRules::parse({"10.0.0.0/9", "fd00::/8", "192.0.2.7", "::ffff:192.0.2.8"});
  for (const char* yes :
       {"10.0.0.1", "10.127.255.255", "::ffff:10.1.2.3", "fdff::1", "192.0.2.7", "192.0.2.8"}) {
    EXPECT_TRUE(denied(list, yes)) << yes;
  }
  for (const char* no : {"10.128.0.0", "11.0.0.1", "fe00::1", "192.0.2.6", "169.254.169.254"}) {
    EXPECT_FALSE(denied(list, no)) << no;
  }
  EXPECT_FALSE(denied(*AddressRules::parse({"none"}), "169.254.169.254"));
  EXPECT_TRUE(denied(*AddressRules::parse({"default", "10.0.0.1"}), "169.254.169.254"));
  EXPECT_TRUE(denied(*AddressRules::parse({"0.0.0.0/0"}), "1.2.3.4"));
}

TEST(AddressRules, SayWhatIsWrong) {
  for (const char* bad :
       {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "1.2.3", "::/129", "defaults"}) {
    const auto list = AddressRules::parse({bad});
    ASSERT_FALSE(list) << bad;
    EXPECT_NE(list.error().find("ADDRESS/BITS"), std::string::npos) << list.error();
  }
}

}  // namespace
}  // namespace postern::agent
