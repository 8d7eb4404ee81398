#include "client/port/forward_spec.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace postern::client {
namespace {

constexpr std::string_view kLoopback = "127.0.0.1";
// sun_path of sockaddr_un, its NUL included.
constexpr std::size_t kMaxPathBytes = 107;

using Fields = std::vector<std::string>;

// At colons outside of brackets; a field that begins with a slash after the first one takes the rest.
std::expected<Fields, std::string> split(std::string_view text) {
  Fields fields;
  for (;;) {
    std::size_t end = 0;
    if (text.starts_with('[')) {
      end = text.find(']');
      if (end == std::string_view::npos) return std::unexpected("a bracket is not closed");
      std::array<std::uint8_t, 16> address;
      const std::string literal(text.substr(1, end - 1));
      if (::inet_pton(AF_INET6, literal.c_str(), address.data()) != 1)
        return std::unexpected(fmt::format("[{}] is not an IPv6 address", literal));
      fields.push_back(literal);
      text.remove_prefix(end + 1);
      if (!text.empty() && !text.starts_with(':'))
        return std::unexpected("a colon was expected behind the bracket");
    } else {
      end = text.starts_with('/') && !fields.empty() ? text.size() : std::min(text.find(':'), text.size());
      fields.emplace_back(text.substr(0, end));
      text.remove_prefix(end);
    }
    if (text.empty()) return fields;
    text.remove_prefix(1);
  }
}

std::expected<LocalAddress, std::string> parse_socket(const std::string& path) {
  if (path.size() > kMaxPathBytes)
    return std::unexpected(
        fmt::format("the path of a UNIX socket has at most {} bytes, not {}", kMaxPathBytes, path.size()));
  return LocalAddress{"", 0, path};
}

std::expected<LocalAddress, std::string> parse_listen(const std::string* bind, const std::string& port) {
  const auto number = parse_port(port, 0);
  if (!number) return std::unexpected(number.error());
  if (bind == nullptr) return LocalAddress{std::string(kLoopback), *number, ""};
  if (bind->empty() || *bind == "*") return LocalAddress{"0.0.0.0", *number, ""};
  return LocalAddress{*bind, *number, ""};
}

std::expected<LocalAddress, std::string> parse_destination(const std::string& host, const std::string& port) {
  if (host.empty()) return std::unexpected("the destination has no host");
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(host, odd)) return std::unexpected("blanks are no part of a host name");
  const auto number = parse_port(port, 1);
  if (!number) return std::unexpected(number.error());
  return LocalAddress{host, *number, ""};
}

std::string wrong(std::string_view option, std::string_view text, std::string_view why,
                  std::string_view expected) {
  return fmt::format("{} {}: {}; expected {}", option, text, why, expected);
}

using Address = std::expected<LocalAddress, std::string>;

// `[BIND:]PORT` or, where sockets are allowed, `/PATH`: what stands before the destination.
Address parse_origin(const Fields& fields, std::size_t count) {
  if (count == 1 && fields[0].starts_with('/')) return parse_socket(fields[0]);
  if (count == 1) return parse_listen(nullptr, fields[0]);
  if (count == 2) return parse_listen(&fields[0], fields[1]);
  return std::unexpected(count == 0 ? "there is nothing to listen on" : "it has too many parts");
}

std::expected<ForwardSpec, std::string> parse_pair(std::string_view text) {
  const auto fields = split(text);
  if (!fields) return std::unexpected(fields.error());
  const auto count = fields->size();
  if (count < 2) return std::unexpected("it has no destination");
  const bool to_socket = fields->back().starts_with('/');
  if (!to_socket && count < 3) return std::unexpected("its destination needs a host and a port");
  auto from = parse_origin(*fields, count - (to_socket ? 1 : 2));
  if (!from) return std::unexpected(from.error());
  auto to =
      to_socket ? parse_socket(fields->back()) : parse_destination((*fields)[count - 2], fields->back());
  if (!to) return std::unexpected(to.error());
  return ForwardSpec{std::move(*from), std::move(*to)};
}

}  // namespace

std::expected<std::uint16_t, std::string> parse_port(std::string_view text, std::uint16_t least) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, port);
  if (text.empty() || problem != std::errc() || stop != end || port < least)
    return std::unexpected(fmt::format("\"{}\" is not a port from {} to 65535", text, least));
  return port;
}

std::expected<ForwardSpec, std::string> parse_local_forward(std::string_view text) {
  constexpr std::string_view kExpected =
      "[BIND:]PORT:HOST:PORT, [BIND:]PORT:/REMOTE/SOCKET or /LOCAL/SOCKET:HOST:PORT, with IPv6 addresses in "
      "brackets";
  auto spec = parse_pair(text);
  if (!spec) return std::unexpected(wrong("-L", text, spec.error(), kExpected));
  return spec;
}

std::expected<ForwardSpec, std::string> parse_remote_forward(std::string_view text) {
  constexpr std::string_view kExpected =
      "[BIND:]PORT:HOST:PORT or [BIND:]PORT:/LOCAL/SOCKET, with IPv6 addresses in brackets";
  auto spec = parse_pair(text);
  if (spec && spec->from.is_unix()) spec = std::unexpected("the node listens on ports only");
  if (!spec) return std::unexpected(wrong("-R", text, spec.error(), kExpected));
  return spec;
}

std::expected<LocalAddress, std::string> parse_dynamic_forward(std::string_view text) {
  constexpr std::string_view kExpected = "[BIND:]PORT, with an IPv6 address in brackets";
  const auto fields = split(text);
  if (!fields) return std::unexpected(wrong("-D", text, fields.error(), kExpected));
  auto address = parse_origin(*fields, fields->size());
  if (address && address->is_unix()) address = std::unexpected("a SOCKS proxy listens on a port");
  if (!address) return std::unexpected(wrong("-D", text, address.error(), kExpected));
  return address;
}

}  // namespace postern::client
