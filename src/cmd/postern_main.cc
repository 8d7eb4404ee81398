#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string_view>

#include "client/commands.h"
#include "client/plugin.h"

namespace postern::client {
namespace {

constexpr auto kDescription = R"(postern - sessions on machines that accept no inbound connection.

Reaches the service with the profiles, keys and endpoints of the AWS CLI's own configuration.)";

constexpr auto kFooter = R"(
EXAMPLES
  postern nodes                              which nodes there are
  postern start-session web-1                a shell on the node with this name
  postern start-session mi-0123456789abcdef0 --reason "disk is full"
  postern start-session tag:Role=db          ... on the one node with this tag
  echo 'df -h; exit' | postern start-session web-1
  postern sessions --history                 who was where
  postern terminate-session admin-0a1b2c3d4e5f67890

IN A SESSION, directly after Enter
  ~.  end the session     ~~  a tilde     ~-  no more of these     ~?  help

A lost connection is resumed for as long as the service keeps the session; what is typed meanwhile is not lost.

ENVIRONMENT AND FILES
  ~/.aws/config, ~/.aws/credentials          profiles: region, endpoint_url, ca_bundle, access keys, credential_process
                                             (AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others)
  AWS_PROFILE, AWS_REGION, AWS_CA_BUNDLE     as --profile, --region, --ca-bundle
  AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL     as --endpoint-url
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
  https_proxy, no_proxy                      the proxy to go through

EXIT STATUS
  0 when it was done, for start-session when the session ended in an orderly way; 1 when something failed;
  2 for a wrong command line.)";

int run(int argc, char** argv) {
  CLI::App app{kDescription, "postern"};
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("postern " POSTERN_VERSION));
  app.require_subcommand(1);
  app.fallthrough();
  ConfigFlags flags;
  app.add_option("--profile", flags.profile, "Profile of the AWS configuration files");
  app.add_option("--region", flags.region, "Region that requests are signed for");
  app.add_option("--endpoint-url", flags.endpoint_url, "Where the service is: https://HOST[:PORT]");
  app.add_option("--ca-bundle", flags.ca_bundle, "PEM file of the CAs to trust instead of the system's");

  StartSessionRequest request;
  auto* start = app.add_subcommand("start-session", "Open a shell on a node");
  start->add_option("TARGET", request.target, "Node id, node name, or tag:KEY=VALUE that one node has")
      ->required();
  start->add_option("--reason", request.reason, "Why, for the record");
  start->add_option("--document-name", request.document_name, "Session document to use");

  bool json = false;
  auto* nodes = app.add_subcommand("nodes", "List the managed nodes");
  nodes->add_flag("--json", json, "As the API gives it");

  bool history = false;
  auto* sessions = app.add_subcommand("sessions", "List sessions");
  sessions->add_flag("--history", history, "Those that are over");
  sessions->add_flag("--json", json, "As the API gives it");

  std::string session_id;
  auto* terminate = app.add_subcommand("terminate-session", "End a session");
  terminate->add_option("ID", session_id, "The session's id")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto format = json ? ListFormat::kJson : ListFormat::kTable;
  try {
    if (*start) return start_session(flags, std::move(request));
    if (*nodes) return list_nodes(flags, format);
    if (*sessions)
      return list_sessions(flags, history ? WhichSessions::kHistory : WhichSessions::kActive, format);
    return terminate_session(flags, session_id);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "postern: {}\n", failure.what());
    return 1;
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
