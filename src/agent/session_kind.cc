#include "agent/session_kind.h"

#include <exception>

#include "agent/shell/shell_session.h"

namespace postern::agent {

std::expected<std::unique_ptr<SessionKind>, std::string> make_session_kind(
    boost::asio::any_io_executor executor, const wire::SessionStart& start) {
  const auto& type = start.document_content.session_type;
  if (type != wire::kStandardStream) {
    return std::unexpected("This agent does not support sessions of type " + type + ".");
  }
  try {
    return std::make_unique<ShellSession>(std::move(executor));
  } catch (const std::exception& failure) {
    return std::unexpected(std::string("The shell could not be started: ") + failure.what());
  }
}

}  // namespace postern::agent
