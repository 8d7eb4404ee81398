#include "net/proxy.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <cstdlib>

#include "base/encoding.h"

namespace postern::net {
namespace ip = boost::asio::ip;

namespace {

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::string> either_case(const Environment& environment, std::string_view lower_name) {
  auto value = environment(lower_name);
  if (value && !value->empty()) return value;
  std::string upper(lower_name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  value = environment(upper);
  if (value && !value->empty()) return value;
  return std::nullopt;
}

bool is_in_network(const ip::address& address, std::string_view cidr) {
  boost::system::error_code ec;
  if (address.is_v4()) {
    const auto network = ip::make_network_v4(std::string(cidr), ec);
    return !ec && network.canonical().hosts().find(address.to_v4()) != network.canonical().hosts().end();
  }
  const auto network = ip::make_network_v6(std::string(cidr), ec);
  return !ec && network.canonical().hosts().find(address.to_v6()) != network.canonical().hosts().end();
}

/// One entry of no_proxy, in lower case.
bool is_exempted_by(std::string_view entry, const Url& url, const std::string& host) {
  if (entry == "*") return true;
  boost::system::error_code not_an_address;
  const auto address = ip::make_address(host, not_an_address);
  if (!not_an_address && entry.find('/') != std::string_view::npos) return is_in_network(address, entry);
  if (entry.starts_with('[')) {
    const auto end = entry.find(']');
    if (end == std::string_view::npos) return false;
    const auto port = entry.substr(end + 1);
    if (!port.empty() && port != ":" + std::to_string(url.port)) return false;
    entry = entry.substr(1, end - 1);
  } else if (std::ranges::count(entry, ':') == 1) {
    const auto colon = entry.find(':');
    if (entry.substr(colon + 1) != std::to_string(url.port)) return false;
    entry = entry.substr(0, colon);
  }
  if (!not_an_address) {
    boost::system::error_code ec;
    return ip::make_address(std::string(entry), ec) == address && !ec;
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  const bool subdomains_only = entry.starts_with('.');
  if (subdomains_only) entry.remove_prefix(1);
  if (entry.empty() || !host.ends_with(entry)) return false;
  if (host.size() == entry.size()) return !subdomains_only;
  return host[host.size() - entry.size() - 1] == '.';
}

bool is_exempted(std::string_view list, const Url& url) {
  const auto host = to_lower(url.host);
  const auto lower_list = to_lower(list);
  std::string_view rest = lower_list;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto entry = trim(rest.substr(0, comma));
    if (!entry.empty() && is_exempted_by(entry, url, host)) return true;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return false;
}

bool is_loopback(const std::string& host) {
  boost::system::error_code ec;
  const auto address = ip::make_address(host, ec);
  return ec ? to_lower(host) == "localhost" : address.is_loopback();
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    decoded += static_cast<char>(byte->front());
    i += 2;
  }
  return decoded;
}

std::expected<Proxy, std::string> parse_proxy(std::string text) {
  // `proxy.example:3128` is a usual way to write it.
  if (text.find("://") == std::string::npos) text.insert(0, "http://");
  Proxy proxy;
  const auto authority_at = text.find("://") + 3;
  const auto authority_end = std::min(text.find('/', authority_at), text.size());
  const auto at_sign = text.rfind('@', authority_end);
  if (at_sign != std::string::npos && at_sign >= authority_at) {
    auto credentials = percent_decode(std::string_view(text).substr(authority_at, at_sign - authority_at));
    if (!credentials) return std::unexpected("bad escape in the proxy's credentials");
    proxy.credentials = Secret(std::move(*credentials));
    text.erase(authority_at, at_sign + 1 - authority_at);
  }
  auto url = Url::parse(text);
  if (!url) return std::unexpected(url.error());
  if (url->scheme != "http") return std::unexpected("only http:// proxies are supported");
  proxy.url = std::move(*url);
  return proxy;
}

}  // namespace

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::expected<std::optional<Proxy>, std::string> find_proxy(const Url& url, const Environment& environment) {
  const auto setting = either_case(environment, url.secure() ? "https_proxy" : "http_proxy");
  if (!setting || is_loopback(url.host)) return std::nullopt;
  if (const auto list = either_case(environment, "no_proxy"); list && is_exempted(*list, url))
    return std::nullopt;
  auto proxy = parse_proxy(*setting);
  if (!proxy) return std::unexpected(proxy.error());
  return std::move(*proxy);
}

std::optional<Url> proxy_from_environment(const Url& url) {
  auto proxy = find_proxy(url, process_environment);
  if (!proxy || !*proxy) return std::nullopt;
  return (*proxy)->url;
}

}  // namespace postern::net
