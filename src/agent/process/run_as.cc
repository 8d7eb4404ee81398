#include "agent/process/run_as.h"

#include <unistd.h>

#include <exception>

namespace postern::agent {
namespace {

std::string trimmed(const std::string& text) {
  constexpr const char* kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

std::expected<SessionUser, std::string> session_user(const SessionInputs& inputs,
                                                     const std::optional<std::string>& run_as_user,
                                                     bool elevated) {
  if (!inputs.run_as_enabled || elevated) {
    try {
      return SessionUser{current_user(), std::nullopt};
    } catch (const std::exception& failure) {
      return std::unexpected(std::string("The agent's user can't be used: ") + failure.what() + '.');
    }
  }
  auto name = trimmed(run_as_user.value_or(""));
  if (name.empty()) name = trimmed(inputs.run_as_default_user);
  if (name.empty()) {
    return std::unexpected(
        "Run as is enabled, but no user is named: set runAsDefaultUser in the session preferences, or the "
        "tag "
        "SSMSessionRunAs of the caller.");
  }
  if (::geteuid() != 0) {
    return std::unexpected("The agent on this node does not run as root, so it can't run a session as " +
                           name + '.');
  }
  auto login = find_user(name);
  if (!login) return std::unexpected(login.error());
  if (login->uid == 0 || login->gid == 0) {
    return std::unexpected("A session may not run as " + name + ", whose user or group id is 0.");
  }
  Identity identity{login->uid, login->gid, login->groups};
  return SessionUser{std::move(*login), std::move(identity)};
}

}  // namespace postern::agent
