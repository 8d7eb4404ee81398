#include "agent/shell/login.h"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace postern::agent {

LoginUser current_user() {
  const auto uid = ::geteuid();
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    throw std::runtime_error("no account for user id " + std::to_string(uid) +
                             (error != 0 ? std::string(": ") + std::strerror(error) : ""));
  }
  LoginUser user{entry.pw_name, uid, entry.pw_dir, entry.pw_shell};
  if (user.shell.empty() || ::access(user.shell.c_str(), X_OK) != 0) user.shell = "/bin/sh";
  if (user.home.empty()) user.home = "/";
  return user;
}

std::vector<std::string> login_environment(const LoginUser& user, const std::string& lang) {
  // The defaults of Debian's login(1).
  const char* path = user.uid == 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                                   : "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
  return {"HOME=" + user.home,         "USER=" + user.name,
          "LOGNAME=" + user.name,      "SHELL=" + user.shell,
          std::string("PATH=") + path, "LANG=" + (lang.empty() ? std::string("C.UTF-8") : lang),
          "TERM=xterm-256color"};
}

std::string login_shell_name(const LoginUser& user) {
  return '-' + user.shell.substr(user.shell.find_last_of('/') + 1);
}

}  // namespace postern::agent
