#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

#include "copy/descriptor.h"

namespace postern::agent {

/// The process of a session worker: a child of this process, or one that an agent before it has left.
class WorkerProcess {
 public:
  /// Runs this very program with these arguments, from argv[0], and with `socket` as
  /// kWorkerSocketDescriptor, in a kernel's session of its own. Error: an errno.
  static std::expected<WorkerProcess, int> start(const std::vector<std::string>& arguments, int socket);
  /// A living process that is no child of this one.
  static WorkerProcess adopted(pid_t pid) { return {pid, Parent::kAnother}; }

  pid_t pid() const { return pid_; }
  bool is_child() const { return parent_ == Parent::kThis; }
  /// Does nothing once it has ended, whoever has its pid by then.
  void kill() const;

 private:
  enum class Parent { kThis, kAnother };
  WorkerProcess(pid_t pid, Parent parent);

  pid_t pid_;
  Parent parent_;
  copy::Descriptor handle_;
};

}  // namespace postern::agent
