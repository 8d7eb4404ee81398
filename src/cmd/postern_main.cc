#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>

#include "client/commands/command_line.h"
#include "client/plain_text.h"
#include "client/plugin.h"
#include "cmd/postern_policy_check.h"

namespace postern::client {
namespace {

constexpr auto kDescription = R"(postern - sessions on machines that accept no inbound connection.

Reaches the service with the profiles, keys and endpoints of the AWS CLI's own configuration.)";

constexpr auto kFooter = R"(
EXAMPLES
  postern nodes                                       which nodes there are
  postern start-session web-1                         a shell on the node with this name
  postern exec web-1 -- uptime                        a command, without a terminal
  postern cp app.tar web-1:/tmp/                      a file to the node; web-1:/var/log/app.log . back
  postern forward web-1 -L 8080:localhost:80          a local port that leads there
  postern ssh admin@web-1                             ssh, to a node without an open port
  postern sessions --history                          who was where
  postern policy check policy.json                    what is wrong with a policy; also explain and simulate
  postern COMMAND --help                              more about each

A lost connection is resumed for as long as the service keeps the session; nothing that was sent meanwhile is lost.

ENVIRONMENT AND FILES
  ~/.aws/config, ~/.aws/credentials          profiles: region, endpoint_url, ca_bundle, access keys, credential_process
                                             (AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others)
  AWS_PROFILE, AWS_REGION, AWS_CA_BUNDLE     as --profile, --region, --ca-bundle
  AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL     as --endpoint-url
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
  https_proxy, no_proxy                      the proxy to go through

EXIT STATUS
  0 when it was done; 1, or 255 for exec, forward, ssh and ssh-proxy, when something failed; 2 for a wrong command
  line. exec gives the status of the remote command, ssh that of ssh.)";

int run(int argc, char** argv) {
  CLI::App app{kDescription, "postern"};
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("postern " POSTERN_VERSION));
  app.require_subcommand(1);
  app.fallthrough();
  CommandLine line{.app = app};
  const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
  const auto own = own_arguments(arguments);
  line.trailing.assign(arguments.begin() + static_cast<std::ptrdiff_t>(own), arguments.end());
  add_connection_options(app, line.flags);
  add_session_commands(line);
  add_exec_command(line);
  add_copy_command(line);
  add_forward_command(line);
  add_ssh_commands(line);
  add_list_commands(line);
  add_policy_check(line, add_policy_commands(line));
  try {
    app.parse(static_cast<int>(own), argv);
  } catch (const CLI::ParseError& error) {
    // That a command is required is said before that this is none.
    if (const auto unknown = app.remaining(); error.get_name() == "RequiredError" && !unknown.empty()) {
      fmt::print(stderr, "postern: there is no command {}; postern --help names those that are\n",
                 harmless(unknown.front()));
      return 2;
    }
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return line.run();
  } catch (const std::invalid_argument& wrong) {
    fmt::print(stderr, "postern: {}\n", harmless(wrong.what()));
    return 2;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "postern: {}\n", harmless(failure.what()));
    return line.failure_status;
  }
}

}  // namespace
}  // namespace postern::client

// The AWS CLI looks for `session-manager-plugin`: the same program under that name.
int main(int argc, char** argv) {
  std::string_view name = argc > 0 ? argv[0] : "";
  name.remove_prefix(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1);
  return name == "session-manager-plugin" ? postern::client::run_plugin(argc, argv)
                                          : postern::client::run(argc, argv);
}
