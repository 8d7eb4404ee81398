#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>

#include "client/commands/command_line.h"
#include "client/commands/parameters.h"
#include "client/commands/service_calls.h"
#include "client/commands/started_session.h"
#include "client/run_io.h"
#include "client/session/expectation.h"
#include "client/session/kinds.h"
#include "client/session/run_session.h"
#include "client/session/session_text.h"

namespace postern::client {
namespace {

constexpr auto kFooter = R"(
Without --document-name it is the account's default, a shell. What the session is follows from its document: a
terminal for shells and interactive commands, separate streams for commands, a local port for port documents,
standard input and output for AWS-StartSSHSession.

EXAMPLES
  postern start-session web-1
  postern start-session mi-0123456789abcdef0 --reason "disk is full"
  postern start-session tag:Role=db
  echo 'df -h; exit' | postern start-session web-1
  postern start-session web-1 --document-name AWS-StartInteractiveCommand --parameters command="sudo top"
  postern start-session web-1 --document-name AWS-StartPortForwardingSession \
      --parameters portNumber=80 --parameters localPortNumber=8080
  postern start-session web-1 --document-name My-Document --parameters '{"names": ["a", "b"]}'

IN A TERMINAL SESSION, directly after Enter
  ~.  end the session     ~~  a tilde     ~-  no more of these     ~?  help

EXIT STATUS
  0 when the session ended in an orderly way, or the status of a command that reports one; 1 when something failed;
  2 for a wrong command line.)";

struct Choices {
  StartSessionRequest request;
  std::vector<std::string> parameters;
};

int start_session(const ConfigFlags& flags, const Choices& choices) {
  auto request = choices.request;
  if (!choices.parameters.empty()) {
    auto parameters = parse_parameters(choices.parameters);
    if (!parameters) throw std::invalid_argument(parameters.error());
    request.parameters = std::move(*parameters);
  }
  const auto settings = settings_for(flags);
  std::optional<int> exit_code;
  SessionPlan plan;
  plan.expect = expectation(request.document_name.value_or(""));
  plan.request = std::move(request);
  plan.kinds = [&](const boost::asio::any_io_executor& executor) {
    return standard_kinds(executor, FrontEnd::kPostern, {}, exit_code);
  };
  const bool quiet = plan.expect == Expect::kStandardStreams;
  if (!quiet) plan.granted = [](const std::string& id) { print_now(starting_text(id)); };
  plan.ended = [&](const StartedSession& started) {
    if (started.end.kind != SessionEnd::Kind::kFailed && !exit_code && !quiet)
      print_now(end_text(started.session_id, started.end));
  };
  const auto started = run_io(start_and_run(settings, std::move(plan)));
  if (started.end.kind == SessionEnd::Kind::kFailed) throw std::runtime_error(started.end.text);
  if (exit_code) return *exit_code;
  return started.end.kind == SessionEnd::Kind::kTimedOut ? 1 : 0;
}

}  // namespace

void add_session_commands(CommandLine& line) {
  const auto choices = std::make_shared<Choices>();
  auto* start = line.app.add_subcommand("start-session", "Open a shell on a node, or any other session");
  start->footer(kFooter);
  start
      ->add_option("TARGET", choices->request.target,
                   "Node id, node name, or tag:KEY=VALUE that one node has")
      ->required();
  start->add_option("--reason", choices->request.reason, "Why, for the record");
  start->add_option("--document-name", choices->request.document_name, "Session document to use");
  start
      ->add_option("--parameters", choices->parameters,
                   "NAME=VALUE for the document, repeated for further ones and for lists, or a JSON object")
      ->allow_extra_args(false);
  start->callback(
      [&line, choices] { line.run = [&line, choices] { return start_session(line.flags, *choices); }; });
}

}  // namespace postern::client
