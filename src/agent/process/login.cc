#include "agent/process/login.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace postern::agent {
namespace {

// What a passwd entry may take: NSS modules of directories give long ones.
constexpr std::size_t kEntryBytes = 64 * 1024;
// As many groups as Linux lets a process have.
constexpr int kMaxGroups = 65'536;

LoginUser to_login_user(const passwd& entry) {
  LoginUser user{entry.pw_name, entry.pw_uid, entry.pw_gid, {entry.pw_gid}, entry.pw_dir, entry.pw_shell};
  if (user.shell.empty() || ::access(user.shell.c_str(), X_OK) != 0) user.shell = "/bin/sh";
  if (user.home.empty()) user.home = "/";
  return user;
}

std::vector<gid_t> groups_of(const LoginUser& user) {
  std::vector<gid_t> groups(64);
  auto count = static_cast<int>(groups.size());
  while (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0 && count <= kMaxGroups) {
    // It says how many there are, except where it does not know either.
    count = std::max(count, 2 * static_cast<int>(groups.size()));
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

LoginUser current_user() {
  const auto uid = ::geteuid();
  std::vector<char> buffer(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    throw std::runtime_error("no account for user id " + std::to_string(uid) +
                             (error != 0 ? std::string(": ") + std::strerror(error) : ""));
  }
  auto user = to_login_user(entry);
  user.gid = ::getegid();
  user.groups = {user.gid};
  return user;
}

std::expected<LoginUser, std::string> find_user(const std::string& name) {
  std::vector<char> buffer(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr && error != 0) {
    return std::unexpected("The user " + name +
                           " could not be looked up on this node: " + std::strerror(error) + '.');
  }
  if (found == nullptr) return std::unexpected("The user " + name + " does not exist on this node.");
  auto user = to_login_user(entry);
  user.groups = groups_of(user);
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

std::vector<std::string> login_environment(const LoginUser& user) {
  const char* lang = std::getenv("LANG");
  return login_environment(user, lang != nullptr ? lang : "");
}

std::string login_shell_name(const LoginUser& user) {
  return '-' + user.shell.substr(user.shell.find_last_of('/') + 1);
}

}  // namespace postern::agent
