#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace postern::agent {

/// An account as a login sees it.
struct LoginUser {
  std::string name;
  uid_t uid;
  std::string home;
  /// An absolute path; /bin/sh where the account names none.
  std::string shell;
};

/// The account of this process. Throws std::runtime_error when its user id has no passwd entry.
LoginUser current_user();

/// The variables of a fresh login, `NAME=value`: nothing else of the agent's own environment gets through.
/// `lang` is the system's LANG; empty means C.UTF-8.
std::vector<std::string> login_environment(const LoginUser& user, const std::string& lang);

/// argv[0] of a login shell: `-bash`.
std::string login_shell_name(const LoginUser& user);

}  // namespace postern::agent
