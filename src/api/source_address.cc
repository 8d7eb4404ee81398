#include "api/source_address.h"

#include <algorithm>
#include <string_view>

namespace postern::api {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string source_address(const net::Request& request,
                           const std::vector<postern::iam::IpRange>& trusted_proxies) {
  const auto trusted = [&](std::string_view address) {
    const auto ip = postern::iam::parse_ip(address);
    return ip && std::ranges::any_of(trusted_proxies, [&](const auto& range) { return range.contains(*ip); });
  };
  std::string address = request.peer_address;
  if (trusted_proxies.empty() || !trusted(address)) return address;
  // Several fields of the name are one list, in order.
  std::string list;
  for (const auto& [name, value] : request.headers.all()) {
    constexpr std::string_view kName = "x-forwarded-for";
    const bool same = std::ranges::equal(name, kName, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
    if (same) list += (list.empty() ? "" : ",") + value;
  }
  std::string_view rest = list;
  while (!rest.empty() && trusted(address)) {
    const auto comma = rest.rfind(',');
    const auto last = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    if (!postern::iam::parse_ip(last)) break;
    address = last;
  }
  return address;
}

}  // namespace postern::api
