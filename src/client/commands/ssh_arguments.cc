#include "client/commands/ssh_arguments.h"

#include "client/commands/quote.h"

namespace postern::client {
namespace {

// ssh replaces what begins with a percent sign in ProxyCommand.
std::string escape_percent(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == '%' ? 2 : 1, c);
  return escaped;
}

void add_option(std::vector<std::string>& command, const char* name, const std::string& value) {
  if (value.empty()) return;
  command.emplace_back(name);
  command.push_back(value);
}

std::string proxy_command(const SshInvocation& invocation) {
  std::vector<std::string> command = {invocation.program};
  add_option(command, "--profile", invocation.flags.profile);
  add_option(command, "--region", invocation.flags.region);
  add_option(command, "--endpoint-url", invocation.flags.endpoint_url);
  add_option(command, "--ca-bundle", invocation.flags.ca_bundle);
  command.emplace_back("ssh-proxy");
  add_option(command, "--reason", invocation.reason);
  command.push_back(invocation.node_id);
  return "ProxyCommand=" + escape_percent(quote_command(command)) + " %p";
}

}  // namespace

std::vector<std::string> ssh_arguments(const SshInvocation& invocation) {
  // A tag is no name that ssh takes.
  const bool tag = invocation.node.starts_with("tag:");
  const auto& host = tag ? invocation.node_id : invocation.node;
  std::vector<std::string> arguments = {"ssh", "-o", proxy_command(invocation), "-o",
                                        "HostKeyAlias=" + invocation.node_id};
  if (!invocation.user.empty()) {
    arguments.emplace_back("-l");
    arguments.push_back(invocation.user);
  }
  arguments.push_back(host);
  arguments.insert(arguments.end(), invocation.words.begin(), invocation.words.end());
  return arguments;
}

std::pair<std::string, std::string> split_user(std::string_view target) {
  const auto at = target.find('@');
  // A tag's value may have one, too.
  if (at == std::string_view::npos || target.starts_with("tag:")) return {"", std::string(target)};
  return {std::string(target.substr(0, at)), std::string(target.substr(at + 1))};
}

}  // namespace postern::client
