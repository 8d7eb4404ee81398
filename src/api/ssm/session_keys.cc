#include "api/ssm/session_keys.h"

#include <boost/json.hpp>
#include <string_view>
#include <utility>

namespace postern::api::ssm {
namespace {

constexpr std::string_view kHost = "postern:Host";
constexpr std::string_view kPortNumber = "postern:PortNumber";
constexpr std::string_view kCommand = "postern:Command";
constexpr std::string_view kFileDirection = "postern:FileDirection";
constexpr std::string_view kLocalUser = "postern:LocalUser";
// A forward without a host goes to the node itself.
constexpr std::string_view kLocalhost = "localhost";

const boost::json::object& members_of(const boost::json::value& value) {
  static const boost::json::object none;
  return value.is_object() ? value.get_object() : none;
}

std::string text_of(const boost::json::object& members, std::string_view name) {
  const auto* found = members.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool is_true(const boost::json::object& members, std::string_view name) {
  const auto* found = members.if_contains(name);
  return found != nullptr && (*found == true || *found == "true");
}

void add(auth::ContextKeys& keys, std::string_view key, std::string value) {
  keys.emplace_back(std::string(key), std::move(value));
}

// Names have no case and may end with a dot: one form of each, so that a Deny can't be spelt around.
std::string normal_host(std::string host) {
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  while (host.size() > 1 && host.ends_with('.')) host.pop_back();
  return host;
}

auth::ContextKeys forward(std::string host, std::string port) {
  auth::ContextKeys keys;
  add(keys, kHost, std::move(host));
  if (!port.empty()) add(keys, kPortNumber, std::move(port));
  return keys;
}

// `HOST:PORT` with an IPv6 address in brackets; what has no colon is a port.
std::pair<std::string, std::string> split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {{}, std::string(text)};
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::string(host), std::string(text.substr(colon + 1))};
}

auth::ContextKeys destination(std::string_view text) {
  if (text == "*" || text.starts_with("unix:")) return forward(std::string(text), {});
  auto [host, port] = split(text);
  return forward(normal_host(std::move(host)), std::move(port));
}

auth::ContextKeys listener(std::string_view text) {
  auto [address, port] = split(text);
  return forward("listen:" + (address.empty() ? std::string(kLocalhost) : address), std::move(port));
}

template <class Make>
void add_each(const boost::json::object& properties, std::string_view name, Make make,
              std::vector<auth::ContextKeys>& out) {
  const auto* list = properties.if_contains(name);
  if (list == nullptr || !list->is_array()) return;
  for (const auto& each : list->get_array()) {
    if (each.is_string()) out.push_back(make(std::string_view(each.get_string())));
  }
}

std::vector<auth::ContextKeys> forwards(const boost::json::object& properties) {
  std::vector<auth::ContextKeys> out;
  if (auto socket = text_of(properties, "socket"); !socket.empty())
    out.push_back(forward("unix:" + socket, {}));
  auto port = text_of(properties, "portNumber");
  if (!port.empty() && port != "0") {
    auto host = normal_host(text_of(properties, "host"));
    out.push_back(forward(host.empty() ? std::string(kLocalhost) : std::move(host), std::move(port)));
  }
  add_each(properties, "destinations", destination, out);
  add_each(properties, "listeners", listener, out);
  return out;
}

std::vector<auth::ContextKeys> commands(const boost::json::object& properties) {
  std::vector<auth::ContextKeys> out;
  // One platform's where the node's is known.
  for (const auto& [platform, value] : properties) {
    if (!value.is_object()) continue;
    const auto& members = value.get_object();
    auto& keys = out.emplace_back();
    if (auto command = text_of(members, "commands"); !command.empty())
      add(keys, kCommand, std::move(command));
    if (const auto* copy = members.if_contains("copyFiles"); copy != nullptr && copy->is_object())
      add(keys, kFileDirection, text_of(copy->get_object(), "direction"));
    if (is_true(members, "runAsElevated")) add(keys, kLocalUser, "root");
  }
  return out;
}

}  // namespace

std::vector<auth::ContextKeys> session_keys(const wire::SessionDocument& document,
                                            const std::string& run_as_user) {
  const auto& properties = members_of(document.properties);
  const auto& inputs = members_of(document.inputs);
  auto out = document.session_type == wire::kPort ? forwards(properties) : commands(properties);
  if (out.empty()) out.emplace_back();
  if (!is_true(inputs, "runAsEnabled")) return out;
  const auto user = run_as_user.empty() ? text_of(inputs, "runAsDefaultUser") : run_as_user;
  for (auto& keys : out) {
    const bool elevated = !keys.empty() && keys.back().first == kLocalUser;
    if (!elevated && !user.empty()) add(keys, kLocalUser, user);
  }
  return out;
}

}  // namespace postern::api::ssm
