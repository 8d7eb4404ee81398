#pragma once

#include <sys/types.h>

#include <vector>

namespace postern::agent {

/// Whose rights a process gets.
struct Identity {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups;
};

/// Gives this process another identity for good, and makes sure that there is no way back. Async-signal-safe,
/// for the child of a fork. False: the process must not go on, whatever it has by now.
bool become(const Identity& identity) noexcept;

/// What a child does between fork and exec, async-signal-safe: closes all descriptors from `first_closed` on,
/// has default signals and umask 022, takes the identity on unless it is null, and enters `directory`, or /
/// when that can't be entered. False: it must not go on.
bool settle_child(const char* directory, const Identity* identity, unsigned first_closed = 3) noexcept;

}  // namespace postern::agent
