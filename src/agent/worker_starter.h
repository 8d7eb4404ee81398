#pragma once

#include <sys/types.h>

#include <functional>

#include "copy/descriptor.h"

namespace postern::agent {

/// A process that becomes session workers. It is forked from this one while this one has no secret and no
/// thread yet, but all that every worker needs: workers share that memory and begin at once. The price is
/// that they share its layout, too.
///
/// Workers are children of this process, which as a subreaper also gets what they leave behind: it must reap.
/// They outlive both this object and the process.
class WorkerStarter {
 public:
  /// What a worker does with its socket (see WorkerSocket), which it owns; gives the exit code.
  using Work = std::function<int(int socket)>;

  /// Forks. Throws std::system_error.
  explicit WorkerStarter(const Work& work);

  /// Starts a worker that listens on `socket`, in a kernel's session of its own, without waiting for it. What
  /// can't be forked closes its socket and is logged. False: there is no starter any more.
  bool start(int socket) const;

  /// For tests.
  pid_t pid() const { return pid_; }

 private:
  copy::Descriptor connection_;
  pid_t pid_ = -1;
};

}  // namespace postern::agent
