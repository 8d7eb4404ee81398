#include "agent/port/target.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>

namespace postern::agent {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kTcpPrefix = "tcp:";
// The longest name that DNS has.
constexpr std::size_t kMaxHostBytes = 253;
// sockaddr_un's, without the NUL.
constexpr std::size_t kMaxPathBytes = 107;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string canonical_host(std::string_view host) {
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(host, not_an_address);
  if (!not_an_address) return address.to_string();
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string name(host);
  std::ranges::transform(name, name.begin(), lower);
  return name;
}

// Names are looked up as they are; this keeps out what can be none, and what would confuse a log line.
bool plausible_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHostBytes && std::ranges::all_of(host, [](char c) {
    return c > ' ' && c != 0x7f && std::string_view("/[]@\\\"'").find(c) == std::string_view::npos;
  });
}

std::expected<Target, std::string> parse_unix(std::string_view path) {
  if (!path.starts_with('/') || path.size() > kMaxPathBytes || path.contains('\0')) {
    return std::unexpected("a UNIX socket needs an absolute path of at most 107 bytes");
  }
  return UnixTarget{std::string(path)};
}

std::expected<Target, std::string> parse_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::unexpected("expected HOST:PORT");
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!plausible_host(host)) return std::unexpected("expected HOST:PORT with a host's name or address");
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::unexpected(port.error());
  return TcpTarget{std::string(host), *port};
}

}  // namespace

bool TcpTarget::operator==(const TcpTarget& other) const {
  return port == other.port && canonical_host(host) == canonical_host(other.host);
}

std::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || end != text.data() + text.size() || port == 0) {
    return std::unexpected("expected a port from 1 to 65535");
  }
  return port;
}

std::expected<Target, std::string> parse_destination(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text.substr(kUnixPrefix.size()));
  return parse_host_and_port(text);
}

std::expected<Target, std::string> parse_stream_target(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text.substr(kUnixPrefix.size()));
  if (text.starts_with(kTcpPrefix)) return parse_host_and_port(text.substr(kTcpPrefix.size()));
  return std::unexpected("expected tcp:HOST:PORT or unix:/PATH");
}

std::string to_string(const Target& target) {
  if (const auto* socket = std::get_if<UnixTarget>(&target)) return std::string(kUnixPrefix) + socket->path;
  const auto& tcp = std::get<TcpTarget>(target);
  const bool v6 = tcp.host.contains(':');
  return (v6 ? '[' + tcp.host + ']' : tcp.host) + ':' + std::to_string(tcp.port);
}

std::expected<DestinationRules, std::string> DestinationRules::parse(
    const std::vector<std::string>& destinations) {
  DestinationRules rules;
  for (const auto& text : destinations) {
    if (text == "*") {
      rules.all_ = true;
      continue;
    }
    auto target = parse_destination(text);
    if (!target) return std::unexpected("destination \"" + text + "\": " + target.error());
    rules.allow(std::move(*target));
  }
  return rules;
}

bool DestinationRules::allows(const Target& target) const {
  return all_ || std::ranges::find(allowed_, target) != allowed_.end();
}

bool DestinationRules::allows_unix() const {
  return all_ || std::ranges::any_of(
                     allowed_, [](const auto& target) { return std::holds_alternative<UnixTarget>(target); });
}

}  // namespace postern::agent
