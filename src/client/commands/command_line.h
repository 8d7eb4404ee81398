#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "client/aws_config.h"

namespace CLI {
class App;
}

/// The commands of `postern`, one file for each family: what each takes, its help, and what it does.
namespace postern::client {

/// What the command line becomes while it is parsed.
struct CommandLine {
  CLI::App& app;
  ConfigFlags flags;
  /// What follows the node in `exec` and `ssh`: not ours to parse.
  std::vector<std::string> trailing;
  /// The chosen command. Gives the exit status. Throws std::invalid_argument for a wrong command line, and
  /// std::runtime_error for all else that goes wrong, with a text for the person.
  std::function<int()> run;
  /// The exit status after that.
  int failure_status = 1;
};

/// Each adds its commands to `line.app`; `line` must outlive the parsing and the run.
void add_list_commands(CommandLine& line);
void add_session_commands(CommandLine& line);
void add_exec_command(CommandLine& line);
void add_copy_command(CommandLine& line);
void add_ssh_commands(CommandLine& line);
void add_forward_command(CommandLine& line);
/// Gives `policy`, for further commands under it.
CLI::App& add_policy_commands(CommandLine& line);

/// --profile, --region, --endpoint-url, --ca-bundle.
void add_connection_options(CLI::App& app, ConfigFlags& flags);

/// How many of the arguments, the program's name included, are for the parser: for `exec` and `ssh` those up
/// to the node, else all.
std::size_t own_arguments(std::span<const char* const> arguments);

/// 255, as with ssh: the remote status is the command's own, ours must differ from it.
inline constexpr int kOwnFailureStatus = 255;

}  // namespace postern::client
