#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "agent/agent.h"
#include "agent/copy/copy_files.h"
#include "agent/registration.h"
#include "agent/session_worker.h"
#include "agent/state.h"
#include "base/log.h"
#include "net/runtime.h"
#include "net/tls.h"

namespace {

using namespace postern;

constexpr const char* kCodeVariable = "POSTERN_ACTIVATION_CODE";
constexpr std::size_t kMaxCodeBytes = 4096;
constexpr std::size_t kMaxBundleBytes = 4 * 1024 * 1024;

constexpr const char* kAbout =
    "Connects this machine to a Postern service, so that people whom the service allows can open sessions on "
    "it. The "
    "machine accepts no connection: the agent dials out, over TLS, through https_proxy where that is set.\n\n"
    "First `postern-agent register`, once; then `postern-agent run`, always.";

constexpr const char* kRegisterAbout =
    "Registers this machine as a managed node and prints its id.\n\n"
    "The activation comes from the service's CreateActivation (aws ssm create-activation). Its code is a "
    "secret: other "
    "users of this machine can read command lines, so prefer --activation-code-file, standard input (`-`), "
    "or the "
    "environment variable POSTERN_ACTIVATION_CODE.";

constexpr const char* kRunAbout =
    "Keeps the node connected and runs its sessions. Stays in the foreground, logs one line per event to "
    "standard error, "
    "and writes nothing to disk. A lost connection is tried again at once and then at random intervals of up "
    "to a "
    "minute.\n\nSIGTERM ends all sessions, tells the service why, and exits with code 0. SIGUSR1 exits and "
    "leaves the sessions to the next agent, as for an upgrade; a crash does the same. They go on meanwhile.";

constexpr const char* kFooter =
    "\nFILES\n"
    "  /var/lib/postern-agent            state directory for root\n"
    "  ~/.local/state/postern-agent      for others, or under $XDG_STATE_HOME\n"
    "    registration.json               node id, endpoint and private key; 0600\n"
    "    ca.pem                          what --ca-bundle named\n"
    "\nENVIRONMENT\n"
    "  https_proxy, no_proxy             as usual, in either case\n"
    "  POSTERN_ACTIVATION_CODE           read by register\n"
    "\nEXIT STATUS\n"
    "  0 success   1 failure, with the reason on standard error   2 wrong command line\n"
    "\nEXAMPLES\n"
    "  postern-agent register --endpoint https://postern.example:8443 --activation-id ID "
    "--activation-code-file code.txt\n"
    "  postern-agent run\n"
    "  postern-agent run --deny-forwarding-to default --deny-forwarding-to 10.0.0.0/8\n";

struct RegisterArguments {
  std::string endpoint;
  std::string activation_id;
  std::string activation_code;
  std::string activation_code_file;
  std::string name;
  std::string ca_bundle;
  std::string region = "us-east-1";
  bool force = false;
};

struct LogArguments {
  std::string level = "info";
  std::string format = "text";

  void apply() const {
    auto parsed = log::Level::kInfo;
    log::parse_level(level, parsed);
    log::configure(parsed, format == "json" ? log::Format::kJson : log::Format::kText);
  }
};

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text.erase(0, text.find_first_not_of(" \t\r\n"));
}

Secret activation_code(const RegisterArguments& arguments) {
  std::string code;
  if (!arguments.activation_code.empty()) {
    code = arguments.activation_code;
  } else if (arguments.activation_code_file == "-") {
    std::getline(std::cin, code);
  } else if (!arguments.activation_code_file.empty()) {
    code = agent::read_file(arguments.activation_code_file, kMaxCodeBytes);
  } else if (const char* variable = std::getenv(kCodeVariable); variable != nullptr) {
    code = variable;
  }
  code = trimmed(std::move(code));
  if (code.empty()) {
    throw std::runtime_error(
        "no activation code: give --activation-code-file, --activation-code, or POSTERN_ACTIVATION_CODE");
  }
  return Secret(std::move(code));
}

int register_this_node(const RegisterArguments& arguments, const agent::StateDirectory& directory) {
  if (directory.registered() && !arguments.force) {
    throw std::runtime_error(
        "this machine is already registered (" + directory.registration_file().string() +
        "). Give --force to register it as another node, which forgets the present one.");
  }
  auto endpoint = net::Url::parse(arguments.endpoint);
  if (!endpoint) throw std::runtime_error("--endpoint " + arguments.endpoint + ": " + endpoint.error());
  if (endpoint->scheme != "https") throw std::runtime_error("--endpoint must be an https:// URL");
  if (endpoint->target != "/") throw std::runtime_error("--endpoint may not have a path");
  const auto bundle =
      arguments.ca_bundle.empty() ? std::string() : agent::read_file(arguments.ca_bundle, kMaxBundleBytes);
  // Before an activation is used up.
  directory.prepare();

  agent::RegistrationOptions options;
  options.endpoint = "https://" + endpoint->authority();
  options.region = arguments.region;
  options.activation_id = arguments.activation_id;
  options.activation_code = activation_code(arguments);
  if (!arguments.name.empty()) options.name = arguments.name;

  net::ignore_sigpipe();
  const net::TlsClientContext tls(arguments.ca_bundle);
  const SystemClock clock;
  boost::asio::io_context context(1);
  std::exception_ptr failure;
  agent::NodeState state;
  boost::asio::co_spawn(context,
                        agent::register_node({*endpoint, arguments.region, &tls, &clock}, std::move(options)),
                        [&](const std::exception_ptr& thrown, agent::NodeState registered) {
                          failure = thrown;
                          state = std::move(registered);
                        });
  context.run();
  if (failure) throw std::runtime_error(agent::explain_registration_failure(failure, arguments.endpoint));
  directory.save(state, bundle);
  std::cout << state.node_id << '\n';
  return 0;
}

std::runtime_error not_registered(const agent::StateDirectory& directory) {
  return std::runtime_error("this machine is not registered: no " + directory.registration_file().string() +
                            ". Run postern-agent register first.");
}

int run(const agent::StateDirectory& directory, agent::AgentOptions options) {
  if (!directory.registered()) throw not_registered(directory);
  const net::TlsClientContext tls(directory.ca_bundle_file());
  // Before this process has the node's key.
  const agent::WorkerStarter starter([&tls](int socket) { return agent::run_session_worker(socket, tls); });
  auto node = directory.load();
  if (!node) throw not_registered(directory);
  return agent::run_agent(std::move(*node), tls, starter, std::move(options));
}

void add_log_options(CLI::App& command, LogArguments& logging) {
  command.add_option("--log-level", logging.level, "debug, info, warning, error or off")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  command.add_option("--log-format", logging.format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

int run_program(int argc, char** argv) {
  CLI::App app(kAbout, "postern-agent");
  app.footer(kFooter);
  app.set_version_flag("--version", POSTERN_VERSION);
  app.require_subcommand(1);
  std::string state_dir = agent::StateDirectory::default_path();
  RegisterArguments registration;
  LogArguments logging;

  auto* register_command = app.add_subcommand("register", kRegisterAbout);
  register_command->add_option("--endpoint", registration.endpoint, "The service, https://HOST[:PORT]")
      ->required();
  register_command->add_option("--activation-id", registration.activation_id, "The activation's id")
      ->required();
  register_command->add_option("--activation-code", registration.activation_code,
                               "The activation's code. Others can see it in the process list");
  register_command->add_option("--activation-code-file", registration.activation_code_file,
                               "A file that holds the code, or - for standard input");
  register_command->add_option("--name", registration.name, "What people call the node");
  register_command->add_option("--region", registration.region, "The service's region")
      ->capture_default_str();
  register_command->add_option("--ca-bundle", registration.ca_bundle,
                               "PEM file of the authorities to trust instead of the system's; remembered");
  register_command->add_option("--state-dir", state_dir, "Where to keep the registration")
      ->capture_default_str();
  register_command->add_flag("--force", registration.force, "Replace an existing registration");

  auto* run_command = app.add_subcommand("run", kRunAbout);
  run_command->add_option("--state-dir", state_dir, "Where the registration is")->capture_default_str();
  std::vector<std::string> denied_addresses;
  run_command
      ->add_option(
          "--deny-forwarding-to", denied_addresses,
          "Forward no port to this address or network (ADDRESS[/BITS]). Repeat it for more. `default` "
          "stands for the addresses of cloud metadata and platform services, which are denied when the "
          "option is absent; `none` for no address")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  std::int64_t keep_sessions = 300;
  run_command
      ->add_option("--keep-sessions", keep_sessions,
                   "How long sessions go on after this process has died or left, until the next one takes "
                   "them over; then they end. 0: at once")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  add_log_options(*run_command, logging);

  // Started by a session worker; no group hides it from --help.
  auto* copy_command = app.add_subcommand(agent::kCopyCommand, "")->group("");
  std::string copy_direction;
  std::string copy_path;
  copy_command->add_option("DIRECTION", copy_direction)->required();
  copy_command->add_option("PATH", copy_path)->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& outcome) {
    // Help and version are outcomes, too.
    return app.exit(outcome) == 0 ? 0 : 2;
  }
  logging.apply();
  const agent::StateDirectory directory(state_dir);
  if (copy_command->parsed()) {
    const auto direction = agent::parse_copy_direction(copy_direction);
    if (!direction) throw std::runtime_error(direction.error());
    return agent::run_copy_files(*direction, copy_path);
  }
  if (register_command->parsed()) return register_this_node(registration, directory);
  return run(directory, {std::move(denied_addresses), std::chrono::seconds(keep_sessions)});
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const std::exception& failure) {
    std::cerr << "postern-agent: " << failure.what() << '\n';
    return 1;
  }
}
