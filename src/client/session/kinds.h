#pragma once

#include <optional>

#include "client/session/session_kind.h"
#include "client/session/terminal_session.h"

namespace postern::client {

struct CommandChoices {
  FrontEnd front_end = FrontEnd::kPostern;
  /// The command finds its input at its end.
  bool no_input = false;
};

/// A command between the process's streams and the node; see CommandSession.
std::unique_ptr<SessionKind> make_standard_command(const boost::asio::any_io_executor& executor,
                                                   SessionLink& link, const SessionFacts& facts,
                                                   const CommandChoices& choices,
                                                   StandardDescriptors descriptors,
                                                   std::optional<int>& exit_code);

/// The kind for whatever the session's type is: terminal, command or port. For the plugin and `postern
/// start-session`. `exit_code`, which must outlive the session, becomes the status of a command that reports
/// one.
KindFactory standard_kinds(const boost::asio::any_io_executor& executor, FrontEnd front_end,
                           StandardDescriptors descriptors, std::optional<int>& exit_code);

}  // namespace postern::client
