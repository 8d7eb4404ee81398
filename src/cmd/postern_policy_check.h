#pragma once

namespace CLI {
class App;
}
namespace postern::client {
struct CommandLine;
}

namespace postern {

/// Adds `check` to the commands under `policy`. It is here and not in client/, which knows nothing of
/// policies: the check needs no service, so it works in a repository of policies and its CI.
void add_policy_check(client::CommandLine& line, CLI::App& policy);

}  // namespace postern
