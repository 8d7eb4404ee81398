#include "agent/port/address_rules.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace postern::agent {
namespace ip = boost::asio::ip;
namespace {

template <class AddressBytes>
bool same_prefix(const AddressBytes& left, const AddressBytes& right, unsigned bits) {
  const auto whole = static_cast<std::ptrdiff_t>(bits / 8);
  if (!std::equal(left.begin(), left.begin() + whole, right.begin())) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto shift = 8 - rest;
  return (left[bits / 8] >> shift) == (right[bits / 8] >> shift);
}

/// The IPv4 address that an IPv6 one leads to.
std::optional<ip::address_v4> embedded(const ip::address_v6& address) {
  constexpr ip::address_v6::bytes_type kNat64{0x00, 0x64, 0xff, 0x9b};
  constexpr ip::address_v6::bytes_type kCompatible{};
  const auto bytes = address.to_bytes();
  if (!address.is_v4_mapped() && !same_prefix(bytes, kNat64, 96) && !same_prefix(bytes, kCompatible, 96)) {
    return std::nullopt;
  }
  return ip::address_v4({bytes[12], bytes[13], bytes[14], bytes[15]});
}

}  // namespace

std::expected<AddressRules::Network, std::string> AddressRules::parse_network(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code ec;
  auto address = ip::make_address(text.substr(0, slash), ec);
  const auto problem = '"' + std::string(text) +
                       "\" is no address or network: expected ADDRESS, ADDRESS/BITS, default or none";
  if (ec) return std::unexpected(problem);
  if (address.is_v6() && address.to_v6().is_v4_mapped() && slash == std::string_view::npos) {
    address = *embedded(address.to_v6());
  }
  const unsigned width = address.is_v4() ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const auto number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (error != std::errc{} || end != number.data() + number.size() || bits > width) {
      return std::unexpected(problem);
    }
  }
  return Network{address, bits};
}

std::expected<AddressRules, std::string> AddressRules::parse(const std::vector<std::string>& entries) {
  AddressRules rules;
  std::vector<std::string_view> wanted(entries.begin(), entries.end());
  if (wanted.empty()) wanted.emplace_back("default");
  for (const auto entry : wanted) {
    if (entry == "none") continue;
    if (entry == "default") {
      for (const auto address : kDefault) rules.networks_.push_back(*parse_network(address));
      continue;
    }
    auto network = parse_network(entry);
    if (!network) return std::unexpected(network.error());
    rules.networks_.push_back(std::move(*network));
  }
  return rules;
}

bool AddressRules::denies(const ip::address& address) const {
  if (listed(address)) return true;
  if (!address.is_v6()) return false;
  const auto inner = embedded(address.to_v6());
  return inner && listed(*inner);
}

bool AddressRules::listed(const ip::address& address) const {
  return std::ranges::any_of(networks_, [&](const Network& network) {
    if (network.address.is_v4() != address.is_v4()) return false;
    if (address.is_v4()) {
      return same_prefix(network.address.to_v4().to_bytes(), address.to_v4().to_bytes(), network.bits);
    }
    return same_prefix(network.address.to_v6().to_bytes(), address.to_v6().to_bytes(), network.bits);
  });
}

}  // namespace postern::agent
