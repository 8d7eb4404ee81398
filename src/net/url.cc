#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>

#include "net/dial.h"

namespace postern::net {
namespace {

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

}  // namespace

std::expected<Url, std::string> Url::parse(std::string_view text) {
  Url url;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return std::unexpected("not an absolute URL");
  url.scheme = text.substr(0, scheme_end);
  for (char& c : url.scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss") {
    return std::unexpected("the scheme is none of http, https, ws, wss");
  }
  text.remove_prefix(scheme_end + 3);
  if (text.find('#') != std::string_view::npos) return std::unexpected("a fragment has no meaning here");
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; })) {
    return std::unexpected("a blank, control or non-ASCII character");
  }

  const auto target_at = std::min(text.find_first_of("/?"), text.size());
  auto authority = text.substr(0, target_at);
  url.target = text.substr(target_at);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");

  if (authority.find('@') != std::string_view::npos)
    return std::unexpected("user information is not allowed");
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::unexpected("an unfinished IPv6 address");
    url.host = authority.substr(1, end - 1);
    boost::system::error_code ec;
    boost::asio::ip::make_address_v6(url.host, ec);
    if (ec) return std::unexpected("a bad IPv6 address");
    authority.remove_prefix(end + 1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    if (url.host.empty()) return std::unexpected("no host");
    if (!std::ranges::all_of(url.host, is_host_character)) return std::unexpected("a bad host name");
    authority.remove_prefix(colon);
  }

  url.port = default_port(url.scheme);
  if (authority.empty() || authority == ":") return url;
  const auto digits = authority.substr(1);
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
  if (authority[0] != ':' || ec != std::errc() || end != digits.data() + digits.size() || url.port == 0) {
    return std::unexpected("a bad port");
  }
  return url;
}

std::string Url::authority() const {
  auto text = host.find(':') == std::string::npos ? host : '[' + host + ']';
  if (port != default_port(scheme)) text += ':' + std::to_string(port);
  return text;
}

}  // namespace postern::net
