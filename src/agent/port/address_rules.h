#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace postern::agent {

/// Addresses to which nothing is forwarded, whoever asks: those of cloud metadata and platform services,
/// which hand out credentials to whoever reaches them, unless the node's operator says otherwise.
class AddressRules {
 public:
  /// Each entry is an address, a network `ADDRESS/BITS`, `default` for kDefault, or `none` for nothing. An
  /// empty list means `default`. Error: which entry, and what was expected.
  static std::expected<AddressRules, std::string> parse(const std::vector<std::string>& entries);

  /// Also of IPv4 addresses in IPv6 ones: mapped (::ffff:0:0/96), compatible (::/96), and translated by NAT64
  /// (64:ff9b::/96).
  bool denies(const boost::asio::ip::address& address) const;

  /// What official agents deny (control-plane.md 1.2).
  static constexpr std::string_view kDefault[] = {"169.254.169.254", "fd00:ec2::254",   "169.254.169.253",
                                                  "fd00:ec2::253",   "169.254.169.123", "fd00:ec2::123",
                                                  "169.254.169.250", "169.254.169.251", "fd00:ec2::240"};

 private:
  struct Network {
    boost::asio::ip::address address;
    unsigned bits;
  };
  static std::expected<Network, std::string> parse_network(std::string_view text);
  bool listed(const boost::asio::ip::address& address) const;

  std::vector<Network> networks_;
};

}  // namespace postern::agent
