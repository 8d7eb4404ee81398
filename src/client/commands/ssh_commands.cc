#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "client/commands/command_line.h"
#include "client/commands/service_calls.h"
#include "client/commands/ssh_arguments.h"
#include "client/commands/started_session.h"
#include "client/port/forward_spec.h"
#include "client/run_io.h"
#include "client/session/kinds.h"
#include "client/session/stdio_port.h"
#include "wire/control_payloads.h"

namespace postern::client {
namespace {

constexpr auto kProxyFooter = R"(
Joins standard input and output to a port of the node, 22 unless said otherwise, for ssh's ProxyCommand. Nothing but
the port's bytes goes to standard output; messages go to standard error. The end of the input ends the session.

IN ~/.ssh/config
  Host web-* mi-*
      ProxyCommand postern ssh-proxy %h %p

With it ssh, scp, sftp, rsync, git, Ansible and VS Code reach nodes by name. The service decides who may do so; sshd
on the node checks keys and users as ever.

EXAMPLES
  ssh -o ProxyCommand='postern ssh-proxy %h %p' admin@web-1
  rsync -e 'ssh -o ProxyCommand="postern ssh-proxy %h %p"' -a site/ web-1:/srv/site/

EXIT STATUS
  0 when the connection ended in an orderly way, 255 when something failed, 2 for a wrong command line.)";

constexpr auto kSshFooter = R"(
Runs the system's ssh with `postern ssh-proxy` as its ProxyCommand. The host key is kept under the node's id, so that
it stays known however the node is named. Options of postern stand before the node; everything after it is ssh's.

EXAMPLES
  postern ssh web-1
  postern ssh admin@web-1 -- uptime
  postern ssh web-1 -L 8080:localhost:80 -N

EXIT STATUS
  That of ssh; 255 when something of ours failed; 2 for a wrong command line.)";

struct Choices {
  std::string target;
  std::string port = "22";
  std::optional<std::string> reason;
};

int proxy(const ConfigFlags& flags, const Choices& choices) {
  const auto port = parse_port(choices.port, 1);
  if (!port) throw std::invalid_argument(port.error());
  const auto settings = settings_for(flags);
  SessionPlan plan;
  plan.expect = Expect::kStandardStreams;
  plan.request = {.target = choices.target,
                  .document_name = "AWS-StartSSHSession",
                  .reason = choices.reason,
                  .parameters = SessionParameters{{"portNumber", {choices.port}}}};
  plan.kinds = [](const boost::asio::any_io_executor& executor) -> KindFactory {
    return [executor](const SessionFacts& facts,
                      SessionLink& link) -> std::expected<std::unique_ptr<SessionKind>, std::string> {
      if (facts.session_type != wire::kPort)
        return std::unexpected("the node started a session of type " + facts.session_type +
                               " instead of a port");
      return std::make_unique<StdioPort>(executor, link, facts, StandardDescriptors{});
    };
  };
  const auto started = run_io(start_and_run(settings, std::move(plan)));
  if (!started.end.text.empty()) throw std::runtime_error(started.end.text);
  if (started.end.kind == SessionEnd::Kind::kTimedOut)
    throw std::runtime_error("the connection was lost, and the service has ended the session since");
  return 0;
}

int ssh(const ConfigFlags& flags, const Choices& choices, std::vector<std::string> words) {
  const auto [user, node] = split_user(choices.target);
  const auto settings = settings_for(flags);
  const auto status = or_throw(
      run_io(ask_once<ConnectionStatus>(settings, "GetConnectionStatus", ConnectionStatusRequest{node})));
  const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto arguments = ssh_arguments({.program = program,
                                        .flags = flags,
                                        .user = user,
                                        .node = node,
                                        .node_id = status.target,
                                        .reason = choices.reason.value_or(""),
                                        .words = std::move(words)});
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  if (errno == ENOENT) throw std::runtime_error("ssh is not installed; Debian has it in openssh-client");
  throw std::runtime_error("ssh can't be started: " + std::generic_category().message(errno));
}

}  // namespace

void add_ssh_commands(CommandLine& line) {
  const auto choices = std::make_shared<Choices>();
  auto* command = line.app.add_subcommand("ssh", "Run ssh through a session");
  command->footer(kSshFooter);
  command
      ->add_option("[USER@]NODE", choices->target, "Node id, node name, or tag:KEY=VALUE that one node has")
      ->required();
  command->add_option("--reason", choices->reason, "Why, for the record");
  command->callback([&line, choices] {
    line.failure_status = kOwnFailureStatus;
    line.run = [&line, choices] { return ssh(line.flags, *choices, line.trailing); };
  });

  auto* through = line.app.add_subcommand("ssh-proxy", "Carry an ssh connection, as its ProxyCommand");
  through->footer(kProxyFooter);
  through->add_option("NODE", choices->target, "Node id, node name, or tag:KEY=VALUE that one node has")
      ->required();
  through->add_option("PORT", choices->port, "Port on the node")->capture_default_str();
  through->add_option("--reason", choices->reason, "Why, for the record");
  through->callback([&line, choices] {
    line.failure_status = kOwnFailureStatus;
    line.run = [&line, choices] { return proxy(line.flags, *choices); };
  });
}

}  // namespace postern::client
