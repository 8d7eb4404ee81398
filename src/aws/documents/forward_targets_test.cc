#include "aws/documents/forward_targets.h"

#include <gtest/gtest.h>

namespace postern::aws {
namespace {

TEST(IsPort, TakesDecimalWithoutLeadingZeros) {
  for (const auto* good : {"1", "22", "65535"}) EXPECT_TRUE(is_port(good)) << good;
  for (const auto* bad :
       {"", "0", "00", "022", "65536", "99999", "123456", "-1", "+1", " 1", "1 ", "0x16", "2a"})
    EXPECT_FALSE(is_port(bad)) << bad;
  EXPECT_TRUE(is_port("0", true));
  EXPECT_FALSE(is_port("00", true));
}

TEST(DestinationProblem, KnowsHostsSocketsAndAnywhere) {
  for (const auto* good :
       {"*", "localhost:1", "db.internal:5432", "10.0.0.1:80", "[fd00::1]:443", "unix:/run/docker.sock"}) {
    EXPECT_FALSE(destination_problem(good)) << good << *destination_problem(good);
  }
  for (const auto* bad : {"", "localhost", ":80", "host:", "host:0", "host:65536", "a b:1", "fd00::1:443",
                          "[:1", "[]:1", "http://x:1", "unix:", "unix:relative"}) {
    EXPECT_TRUE(destination_problem(bad)) << bad;
  }
  EXPECT_TRUE(destination_problem("unix:/" + std::string(107, 'x')));
  EXPECT_FALSE(destination_problem("unix:/" + std::string(106, 'x')));
}

TEST(ListenerProblem, KnowsPortsAndAddresses) {
  for (const auto* good : {"0", "8080", "127.0.0.1:0", "0.0.0.0:80", "[::1]:80", "localhost:80"})
    EXPECT_FALSE(listener_problem(good)) << good;
  for (const auto* bad : {"", "x", "65536", ":80", "::1:80", "a:b", "*:80x"})
    EXPECT_TRUE(listener_problem(bad)) << bad;
}

TEST(DestinationHost, IsTheHostOfTcpOnly) {
  EXPECT_EQ(destination_host("db:1"), "db");
  EXPECT_EQ(destination_host("[fd00::1]:1"), "fd00::1");
  EXPECT_EQ(destination_host("*"), "");
  EXPECT_EQ(destination_host("unix:/a:1"), "");
}

TEST(IsCloudMetadataAddress, KnowsEverySpelling) {
  for (const auto* denied : {"169.254.169.254",
                             "169.254.169.253",
                             "169.254.169.123",
                             "169.254.169.250",
                             "169.254.169.251",
                             "fd00:ec2::254",
                             "FD00:EC2:0:0::254",
                             "[fd00:ec2::254]",
                             "fd00:ec2::240",
                             "fd00:ec2::254%eth0",
                             "::ffff:169.254.169.254",
                             "::ffff:a9fe:a9fe",
                             "::169.254.169.254",
                             "2852039166",
                             "0xa9fea9fe",
                             "0xA9.0xFE.0xA9.0xFE",
                             "0251.0376.0251.0376",
                             "169.254.43518",
                             "169.16689662",
                             "169.254.169.254."}) {
    EXPECT_TRUE(is_cloud_metadata_address(denied)) << denied;
  }
  for (const auto* fine : {"", "localhost", "127.0.0.1", "169.254.169.1", "169.254.170.2", "fd00:ec2::1",
                           "::1", "metadata.example", "169.254.169.254.example.com", "10.0.0.1"}) {
    EXPECT_FALSE(is_cloud_metadata_address(fine)) << fine;
  }
}

}  // namespace
}  // namespace postern::aws
