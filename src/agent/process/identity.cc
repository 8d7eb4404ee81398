#include "agent/process/identity.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace postern::agent {

bool become(const Identity& identity) noexcept {
  if (::setgroups(identity.groups.size(), identity.groups.data()) != 0) return false;
  if (::setresgid(identity.gid, identity.gid, identity.gid) != 0) return false;
  if (::setresuid(identity.uid, identity.uid, identity.uid) != 0) return false;
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  if (::getresuid(&real, &effective, &saved) != 0) return false;
  if (real != identity.uid || effective != identity.uid || saved != identity.uid) return false;
  // A kernel that lets it back has not dropped anything.
  return identity.uid == 0 || ::setuid(0) != 0;
}

bool settle_child(const char* directory, const Identity* identity, unsigned first_closed) noexcept {
  ::close_range(first_closed, ~0U, 0);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
  if (identity != nullptr && !become(*identity)) return false;
  return ::chdir(directory) == 0 || ::chdir("/") == 0;
}

}  // namespace postern::agent
