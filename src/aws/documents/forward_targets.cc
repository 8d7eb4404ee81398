#include "aws/documents/forward_targets.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace postern::aws {
namespace {

constexpr std::size_t kMaxHostBytes = 255;
// sun_path with its terminator.
constexpr std::size_t kMaxSocketPathBytes = 107;
constexpr std::string_view kUnix = "unix:";

constexpr const char* kDeniedV4[] = {"169.254.169.254", "169.254.169.253", "169.254.169.123",
                                     "169.254.169.250", "169.254.169.251"};
constexpr const char* kDeniedV6[] = {"fd00:ec2::254", "fd00:ec2::253", "fd00:ec2::123", "fd00:ec2::240"};

struct HostAndPort {
  std::string_view host;
  std::string_view port;
  bool bracketed = false;
};

std::optional<HostAndPort> split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostAndPort out{text.substr(0, colon), text.substr(colon + 1)};
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
    out.bracketed = true;
  }
  return out;
}

bool is_host(const HostAndPort& where) {
  if (where.host.empty() || where.host.size() > kMaxHostBytes) return false;
  // A colon outside brackets would leave open where the port begins.
  if (where.host.contains(':') != where.bracketed) return false;
  return std::ranges::none_of(where.host, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '[' || c == ']' || c == '\x7f';
  });
}

bool is_denied_v4(const in_addr& address) {
  return std::ranges::any_of(kDeniedV4, [&](const char* denied) {
    in_addr other{};
    return inet_pton(AF_INET, denied, &other) == 1 && other.s_addr == address.s_addr;
  });
}

bool is_denied_v6(const in6_addr& address) {
  // An IPv4 address in IPv6's clothes: mapped (::ffff:a.b.c.d), or compatible (::a.b.c.d).
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address);
  if (mapped) {
    in_addr inner{};
    std::memcpy(&inner, &address.s6_addr[12], sizeof inner);
    return is_denied_v4(inner);
  }
  return std::ranges::any_of(kDeniedV6, [&](const char* denied) {
    in6_addr other{};
    return inet_pton(AF_INET6, denied, &other) == 1 && std::memcmp(&other, &address, sizeof other) == 0;
  });
}

}  // namespace

bool is_port(std::string_view text, bool allow_zero) {
  if (text == "0") return allow_zero;
  if (text.empty() || text.size() > 5 || text.front() == '0') return false;
  unsigned port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

std::optional<std::string> destination_problem(std::string_view text) {
  if (text == "*") return std::nullopt;
  if (text.starts_with(kUnix)) {
    text.remove_prefix(kUnix.size());
    if (!text.starts_with('/')) return "the path behind unix: must be absolute";
    if (text.size() > kMaxSocketPathBytes) return "the path of a socket has at most 107 bytes";
    if (text.contains('\0')) return "the path of a socket has no zero byte";
    return std::nullopt;
  }
  const auto where = split(text);
  if (!where || !is_host(*where)) {
    return "expected HOST:PORT ([ADDRESS]:PORT for IPv6), unix:/PATH or *";
  }
  if (!is_port(where->port)) return "the port must be 1 to 65535";
  return std::nullopt;
}

std::optional<std::string> listener_problem(std::string_view text) {
  if (is_port(text, true)) return std::nullopt;
  const auto where = split(text);
  if (!where || !is_host(*where)) return "expected PORT or BIND:PORT ([ADDRESS]:PORT for IPv6)";
  if (!is_port(where->port, true)) return "the port must be 0 to 65535";
  return std::nullopt;
}

bool is_cloud_metadata_address(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  // A final dot makes a name absolute, and a zone is only where it is sent from.
  while (host.ends_with('.')) host.remove_suffix(1);
  const std::string text(host.substr(0, host.find('%')));
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return is_denied_v6(v6);
  in_addr v4{};
  // Also 0xa9fea9fe, 2852039166 and their like, which getaddrinfo() takes for the same address.
  return inet_aton(text.c_str(), &v4) == 1 && is_denied_v4(v4);
}

std::string_view destination_host(std::string_view destination) {
  if (destination == "*" || destination.starts_with(kUnix)) return {};
  const auto where = split(destination);
  return where ? where->host : std::string_view{};
}

}  // namespace postern::aws
