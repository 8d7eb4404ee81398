#include "agent/port/port_properties.h"

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/describe.hpp>
#include <charconv>

#include "base/json_codec.h"

namespace postern::agent {
namespace {

constexpr const char* kLocalPortForwarding = "LocalPortForwarding";
constexpr std::array<unsigned, 3> kFirstMultiplexer{1, 1, 70};

/// The document's own; values that the client reads are left to it.
struct RawProperties {
  static constexpr auto kMemberNames = MemberNames::kCamel;
  std::optional<std::string> host;
  std::optional<std::string> port_number;
  std::optional<std::string> type;
  std::optional<std::string> socket;
  std::vector<std::string> destinations;
  std::vector<std::string> listeners;
};
BOOST_DESCRIBE_STRUCT(RawProperties, (), (host, port_number, type, socket, destinations, listeners))

std::unexpected<std::string> invalid(const std::string& problem) {
  return std::unexpected("Unable to remarshal session properties. " + problem);
}

std::expected<std::optional<Target>, std::string> own_target(const RawProperties& raw) {
  const auto socket = raw.socket.value_or("");
  if (!socket.empty()) {
    auto target = parse_destination("unix:" + socket);
    if (!target) return std::unexpected("socket: " + target.error());
    return std::move(*target);
  }
  const auto port = raw.port_number.value_or("");
  // The service's documents have no other way of saying that there is none.
  const bool others = !raw.destinations.empty() || !raw.listeners.empty();
  if (port.empty() || (port == "0" && others)) return std::nullopt;
  const auto number = parse_port(port);
  if (!number) return std::unexpected("portNumber: " + number.error());
  auto host = raw.host.value_or("");
  if (host.empty()) host = "localhost";
  // A host may be called unix.
  auto target = parse_stream_target("tcp:" + host + ':' + port);
  if (!target) return std::unexpected("host: " + target.error());
  return std::move(*target);
}

}  // namespace

std::expected<PortListener, std::string> parse_listener(std::string_view text) {
  PortListener listener;
  const auto colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  if (port != "0") {
    const auto number = parse_port(port);
    if (!number) return std::unexpected("expected a port from 0 to 65535");
    listener.port = *number;
  }
  if (colon == std::string_view::npos) return listener;
  auto bind = text.substr(0, colon);
  if (bind.starts_with('[') && bind.ends_with(']')) bind = bind.substr(1, bind.size() - 2);
  boost::system::error_code not_an_address;
  (void)boost::asio::ip::make_address(bind, not_an_address);
  if (bind != "*" && bind != "localhost" && not_an_address) {
    return std::unexpected("expected [BIND:]PORT with an address, localhost or * to listen on");
  }
  listener.bind = bind;
  return listener;
}

std::expected<PortProperties, std::string> read_port_properties(const boost::json::value& properties) {
  auto raw = decode_json<RawProperties>(properties);
  if (!raw) return invalid(raw.error().message());
  PortProperties read;
  const auto type = raw->type.value_or("");
  if (!type.empty() && type != kLocalPortForwarding) {
    return invalid("type: expected LocalPortForwarding or nothing, found " + type);
  }
  read.local_port_forwarding = type == kLocalPortForwarding;
  auto rules = DestinationRules::parse(raw->destinations);
  if (!rules) return invalid(rules.error());
  read.destinations = std::move(*rules);
  auto target = own_target(*raw);
  if (!target) return invalid(target.error());
  read.target = std::move(*target);
  if (read.target) read.destinations.allow(*read.target);
  if (raw->listeners.size() > kMaxListeners) return invalid("listeners: more than 64");
  for (const auto& text : raw->listeners) {
    auto listener = parse_listener(text);
    if (!listener) return invalid("listener \"" + text + "\": " + listener.error());
    read.listeners.push_back(std::move(*listener));
  }
  if (!read.target && raw->destinations.empty() && raw->listeners.empty()) {
    return invalid("portNumber: is required");
  }
  if (!read.target && !read.local_port_forwarding) return invalid("portNumber: is required");
  return read;
}

bool client_multiplexes(std::string_view client_version) {
  for (const auto wanted : kFirstMultiplexer) {
    unsigned number = 0;
    const auto end = std::min(client_version.find('.'), client_version.size());
    const auto [parsed, ec] = std::from_chars(client_version.data(), client_version.data() + end, number);
    if (ec != std::errc{} || parsed != client_version.data() + end) return false;
    if (number != wanted) return number > wanted;
    client_version.remove_prefix(std::min(end + 1, client_version.size()));
  }
  return true;
}

}  // namespace postern::agent
