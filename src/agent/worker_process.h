#pragma once

#include <sys/types.h>

#include "copy/descriptor.h"

namespace postern::agent {

/// The process of a session worker: a child of this process, or one that an agent before it has left.
class WorkerProcess {
 public:
  /// A process that has just said that this is its id, and lives unless its connection has ended.
  explicit WorkerProcess(pid_t pid);

  pid_t pid() const { return pid_; }
  /// Whether it is a child, and not reaped.
  bool is_child() const;
  /// Does nothing once it has ended, whoever has its id by then.
  void kill() const;

 private:
  pid_t pid_;
  copy::Descriptor handle_;
};

}  // namespace postern::agent
