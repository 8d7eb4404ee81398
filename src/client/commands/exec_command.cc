#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>

#include "client/commands/command_line.h"
#include "client/commands/quote.h"
#include "client/commands/service_calls.h"
#include "client/commands/started_session.h"
#include "client/run_io.h"
#include "client/session/kinds.h"
#include "wire/control_payloads.h"

namespace postern::client {
namespace {

// What the document's parameter takes.
constexpr std::size_t kMaxCommandBytes = 64 * 1024 - 1;

constexpr auto kFooter = R"(
Runs the command on the node without a terminal: standard input, output and error are separate and carry every byte
as it is; Ctrl-C, SIGTERM, SIGHUP and SIGQUIT go to the command. The words after the node reach the command as they
are; no shell runs there unless you start one:

  postern exec web-1 -- sh -c 'journalctl -u app | tail -n 20'

EXAMPLES
  postern exec web-1 -- uname -a
  postern exec web-1 -- cat /var/log/app.log | grep error
  tar c site | postern exec web-1 -- tar x -C /srv
  postern exec -n web-1 -- systemctl is-active app && echo running

A lost connection is resumed and nothing of the streams is lost. AWS's own agent runs commands, too, but gives them no
input; that is said when there is some. Options of postern stand before the node.

EXIT STATUS
  The command's own; 128+N when signal N killed it; 141 when whoever read the output has gone; 255 when something of
  ours failed, as with ssh; 2 for a wrong command line.)";

struct Choices {
  std::string target;
  std::optional<std::string> reason;
  bool no_input = false;
};

KindFactory command_kinds(const boost::asio::any_io_executor& executor, const Choices& choices,
                          std::optional<int>& exit_code) {
  return [executor, no_input = choices.no_input, &exit_code](
             const SessionFacts& facts,
             SessionLink& link) -> std::expected<std::unique_ptr<SessionKind>, std::string> {
    if (facts.session_type != wire::kNonInteractiveCommands)
      return std::unexpected("the node started a session of type " + facts.session_type +
                             " instead of a command");
    return make_standard_command(executor, link, facts, {.no_input = no_input}, {}, exit_code);
  };
}

int exec(const ConfigFlags& flags, const Choices& choices, std::vector<std::string> words) {
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  if (words.empty())
    throw std::invalid_argument("there is no command; expected: postern exec NODE -- COMMAND ...");
  auto command = quote_command(words);
  if (command.size() > kMaxCommandBytes)
    throw std::invalid_argument(
        fmt::format("the command has {} bytes, {} at most are possible; give what is long "
                    "on standard input",
                    command.size(), kMaxCommandBytes));
  const auto settings = settings_for(flags);
  std::optional<int> exit_code;
  SessionPlan plan;
  plan.request = {.target = choices.target,
                  .document_name = "Postern-StartCommand",
                  .reason = choices.reason,
                  .parameters = SessionParameters{{"command", {std::move(command)}}}};
  plan.kinds = [&](const boost::asio::any_io_executor& executor) {
    return command_kinds(executor, choices, exit_code);
  };
  const auto started = run_io(start_and_run(settings, std::move(plan)));
  if (exit_code) return *exit_code;
  if (!started.end.text.empty()) throw std::runtime_error(started.end.text);
  if (started.end.kind == SessionEnd::Kind::kTimedOut)
    throw std::runtime_error("the connection was lost, and the service has ended the session since");
  if (started.end.kind == SessionEnd::Kind::kDisconnected) return kOwnFailureStatus;
  throw std::runtime_error("the session ended before the command's exit status had come");
}

}  // namespace

void add_exec_command(CommandLine& line) {
  const auto choices = std::make_shared<Choices>();
  auto* command = line.app.add_subcommand("exec", "Run a command on a node");
  command->footer(kFooter);
  command->add_option("NODE", choices->target, "Node id, node name, or tag:KEY=VALUE that one node has")
      ->required();
  command->add_option("--reason", choices->reason, "Why, for the record");
  command->add_flag("-n,--no-input", choices->no_input,
                    "Leave standard input alone; the command finds its input at its end");
  command->callback([&line, choices] {
    line.failure_status = kOwnFailureStatus;
    line.run = [&line, choices] { return exec(line.flags, *choices, line.trailing); };
  });
}

}  // namespace postern::client
