#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/aws_config.h"

namespace postern::client {

struct SshInvocation {
  /// Where this program is.
  std::string program;
  /// Passed on to the ProxyCommand. Keys are not among them: they are in files or the environment.
  ConfigFlags flags;
  /// Empty: ssh's own choice.
  std::string user;
  /// As the person named it, so that `Host` sections of ssh_config apply.
  std::string node;
  std::string node_id;
  std::string reason;
  /// What follows the node on the command line.
  std::vector<std::string> words;
};

/// argv for the system's ssh.
std::vector<std::string> ssh_arguments(const SshInvocation& invocation);

/// `USER@NODE` or `NODE`, as user and node.
std::pair<std::string, std::string> split_user(std::string_view target);

}  // namespace postern::client
