#include "agent/instance_information.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "agent/service.h"
#include "agent/state.h"

namespace postern::agent {
namespace {

std::string unquote(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front()) {
    text = text.substr(1, text.size() - 2);
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

std::optional<std::string> host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return std::nullopt;
  return std::string(name.data());
}

// The first address of an interface that is up and no loopback, IPv4 preferred.
std::optional<std::string> primary_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, ::freeifaddrs);
  std::optional<std::string> ipv6;
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0 || (at->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (at->ifa_addr->sa_family == AF_INET) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
      if (::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()) != nullptr)
        return std::string(text.data());
    } else if (at->ifa_addr->sa_family == AF_INET6 && !ipv6) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(at->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) continue;
      if (::inet_ntop(AF_INET6, &address->sin6_addr, text.data(), text.size()) != nullptr) ipv6 = text.data();
    }
  }
  return ipv6;
}

std::string os_release() {
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    try {
      return read_file(path, 64 * 1024);
    } catch (const std::exception&) {
      // The next place, or nothing: it is for display only.
    }
  }
  return {};
}

}  // namespace

UpdateInstanceInformationRequest reduced_information(const std::string& node_id) {
  UpdateInstanceInformationRequest request;
  request.agent_version = kAgentVersion;
  request.instance_id = node_id;
  return request;
}

UpdateInstanceInformationRequest full_information(const std::string& node_id) {
  auto request = reduced_information(node_id);
  const auto platform = parse_os_release(os_release());
  request.agent_status = "Active";
  request.computer_name = host_name();
  request.ip_address = primary_address();
  if (!platform.name.empty()) request.platform_name = platform.name;
  if (!platform.version.empty()) request.platform_version = platform.version;
  request.ssm_connection_channel = "ssmmessages";
  return request;
}

Platform parse_os_release(std::string_view text) {
  Platform platform;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.starts_with("NAME=")) platform.name = unquote(line.substr(5));
    if (line.starts_with("VERSION_ID=")) platform.version = unquote(line.substr(11));
  }
  return platform;
}

}  // namespace postern::agent
