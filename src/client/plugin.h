#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/aws_config.h"
#include "client/session/session.h"

namespace postern::client {

/// What the plugin was asked to do (data-channel.md 1.1, 1.2).
struct PluginPlan {
  enum class Kind {
    /// Print `text` and leave with `exit_code`.
    kPrint,
    /// Run the session of `ticket`.
    kStart,
  };
  Kind kind = Kind::kPrint;
  std::string text;
  int exit_code = 0;
  SessionTicket ticket;
  Expect expect = Expect::kTerminal;
  /// Region, profile and endpoint from the argument vector.
  ConfigFlags flags;
  /// The variable that held the StartSession answer and its token: to be removed from the environment.
  std::string variable;
};

/// Reads the argument vector, element 0 included, as the AWS CLI gives it.
PluginPlan plan_plugin(const std::vector<std::string>& arguments, const Environment& environment);

/// The answer of StartSession or ExecuteCommand; names match in any case (1.1). Error: what is wrong with the
/// text. Members that are absent are empty.
std::expected<SessionTicket, std::string> parse_ticket(std::string_view json);

/// The program `session-manager-plugin`. Gives its exit status.
int run_plugin(int argc, char** argv);

}  // namespace postern::client
