#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

namespace postern::agent {

/// An account as a login sees it.
struct LoginUser {
  std::string name;
  uid_t uid;
  gid_t gid;
  /// All groups, its own included; of the agent's own account only that one.
  std::vector<gid_t> groups;
  std::string home;
  /// An absolute path; /bin/sh where the account names none.
  std::string shell;
};

/// The account of this process. Throws std::runtime_error when its user id has no passwd entry.
LoginUser current_user();

/// The account of this name. Error: it does not exist, or could not be looked up, as a text for the person.
std::expected<LoginUser, std::string> find_user(const std::string& name);

/// The variables of a fresh login, `NAME=value`: nothing else of the agent's own environment gets through.
/// `lang` is the system's LANG; empty means C.UTF-8.
std::vector<std::string> login_environment(const LoginUser& user, const std::string& lang);
/// The same with the LANG of this process.
std::vector<std::string> login_environment(const LoginUser& user);

/// argv[0] of a login shell: `-bash`.
std::string login_shell_name(const LoginUser& user);

}  // namespace postern::agent
