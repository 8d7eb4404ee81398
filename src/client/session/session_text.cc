#include "client/session/session_text.h"

#include <fmt/format.h>

namespace postern::client {

std::string starting_text(std::string_view session_id) {
  return fmt::format("\nStarting session with SessionId: {}\n", session_id);
}

std::string closed_text(std::string_view session_id, std::string_view output) {
  if (output.empty()) return fmt::format("\n\nExiting session with sessionId: {}.\n\n", session_id);
  return fmt::format("\n\nSessionId: {} : {}\n\n", session_id, output);
}

std::string timed_out_text(std::string_view session_id) {
  return fmt::format("Session: {} timed out.\n", session_id);
}

std::string failed_text(std::string_view error) {
  return fmt::format("Cannot perform start session: {}\n", error);
}

std::string opened_text(std::string_view session_id, const LocalAddress& address) {
  if (address.is_unix())
    return fmt::format("Unix socket {} opened for sessionId {}.", address.path, session_id);
  return fmt::format("Port {} opened for sessionId {}.", address.port, session_id);
}

std::string accepted_text(std::string_view session_id) {
  return fmt::format("\nConnection accepted for session [{}]\n", session_id);
}

std::string basic_accepted_text(std::string_view session_id) {
  return fmt::format("Connection accepted for session {}.\n", session_id);
}

std::string unknown_operation_text(std::string_view operation) {
  return fmt::format(
      "\nUnknown operation {}. \nUse session-manager-plugin --version to check the version.\n\n", operation);
}

}  // namespace postern::client
