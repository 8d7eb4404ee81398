#include "api/source_address.h"

#include <gtest/gtest.h>

namespace postern::api {
namespace {

std::string source(const std::string& peer, const std::vector<std::string>& forwarded,
                   const std::vector<std::string>& trusted) {
  net::Request request;
  request.peer_address = peer;
  for (const auto& field : forwarded) request.headers.add("X-Forwarded-For", field);
  std::vector<postern::iam::IpRange> ranges;
  for (const auto& range : trusted) ranges.push_back(*postern::iam::parse_ip_range(range));
  return source_address(request, ranges);
}

TEST(SourceAddress, IsThePeerUnlessThatIsTrusted) {
  EXPECT_EQ(source("192.0.2.1", {"198.51.100.7"}, {}), "192.0.2.1");
  EXPECT_EQ(source("192.0.2.1", {"198.51.100.7"}, {"10.0.0.0/8"}), "192.0.2.1");
  EXPECT_EQ(source("10.0.0.1", {}, {"10.0.0.0/8"}), "10.0.0.1");
}

TEST(SourceAddress, IsTheLastThatNoProxyVouchesForItself) {
  EXPECT_EQ(source("10.0.0.1", {"198.51.100.7"}, {"10.0.0.0/8"}), "198.51.100.7");
  EXPECT_EQ(source("10.0.0.1", {"203.0.113.9, 198.51.100.7"}, {"10.0.0.0/8"}), "198.51.100.7");
  EXPECT_EQ(source("10.0.0.1", {"203.0.113.9", "198.51.100.7 , 10.0.0.2"}, {"10.0.0.0/8"}), "198.51.100.7");
  EXPECT_EQ(source("10.0.0.1", {"10.0.0.3, 10.0.0.2"}, {"10.0.0.0/8"}), "10.0.0.3");
  EXPECT_EQ(source("10.0.0.1", {"2001:db8::1"}, {"10.0.0.0/8"}), "2001:db8::1");
}

TEST(SourceAddress, NonsenseIsNoAddress) {
  EXPECT_EQ(source("10.0.0.1", {"unknown"}, {"10.0.0.0/8"}), "10.0.0.1");
  EXPECT_EQ(source("10.0.0.1", {"198.51.100.7, unknown"}, {"10.0.0.0/8"}), "10.0.0.1");
  EXPECT_EQ(source("10.0.0.1", {""}, {"10.0.0.0/8"}), "10.0.0.1");
  EXPECT_EQ(source("10.0.0.1", {","}, {"10.0.0.0/8"}), "10.0.0.1");
}

}  // namespace
}  // namespace postern::api
