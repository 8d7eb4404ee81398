#include "agent/command/piped_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace postern::agent {
namespace {

// Where the child finds the pipe on which it says why it can't go on.
constexpr int kStatusDescriptor = 3;
// A pipe takes this much at once, where the kernel lets us: each payload is then one read.
constexpr int kPipeBytes = 256 * 1024;
constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

/// Closes what is left in it.
struct Pipe {
  int read = -1;
  int write = -1;

  ~Pipe() {
    close_end(read);
    close_end(write);
  }
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    (void)::fcntl(read, F_SETPIPE_SZ, kPipeBytes);
    return true;
  }
  /// So that /dev/stdout and its like can be opened by name.
  void give_to(uid_t owner) const {
    if (write >= 0) (void)!::fchown(write, owner, static_cast<gid_t>(-1));
  }
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  /// Hands an end over, made non-blocking.
  static int release(int& end) {
    (void)::fcntl(end, F_SETFL, O_NONBLOCK);
    return std::exchange(end, -1);
  }
};

std::vector<std::string> candidates(const PipedCommand& command) {
  const auto& name = command.arguments.front();
  if (name.contains('/')) return {name};
  std::string_view path = kDefaultPath;
  for (const auto& variable : command.environment) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  std::vector<std::string> found;
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    // The working directory is not looked in, wherever PATH names it.
    if (path.starts_with('/')) found.push_back(std::string(path.substr(0, end)) + '/' + name);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return found;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  // execve takes char* for historical reasons and does not write.
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// All that a child needs, made before the fork.
struct ChildPlan {
  const char* directory;
  const Identity* identity;
  std::vector<char*> programs;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int input;
  int output;
  int error;
  int status;
};

[[noreturn]] void give_up(int error) {
  (void)!::write(kStatusDescriptor, &error, sizeof error);
  ::_exit(127);
}

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void run_child(const ChildPlan& plan) {
  ::setsid();
  ::dup2(plan.input, STDIN_FILENO);
  ::dup2(plan.output, STDOUT_FILENO);
  ::dup2(plan.error, STDERR_FILENO);
  if (plan.status != kStatusDescriptor) ::dup2(plan.status, kStatusDescriptor);
  ::fcntl(kStatusDescriptor, F_SETFD, FD_CLOEXEC);
  errno = EPERM;
  if (!settle_child(plan.directory, plan.identity, kStatusDescriptor + 1)) give_up(errno);
  int error = ENOENT;
  for (auto program = plan.programs.begin(); *program != nullptr; ++program) {
    ::execve(*program, plan.arguments.data(), plan.environment.data());
    // As of a shell: the next directory may have one that can be run.
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  give_up(error);
}

StartFailure failure(const std::string& what, int error) {
  return {error == ENOENT ? 127 : 126, what + ": " + std::strerror(error)};
}

}  // namespace

std::expected<PipedProcess, StartFailure> start_piped(const PipedCommand& command) {
  if (command.arguments.empty()) return std::unexpected(StartFailure{127, "the command line is empty"});
  Pipe input;
  Pipe output;
  Pipe error;
  Pipe status;
  const auto failed = [](const char* what) { return std::unexpected(failure(what, errno)); };
  if (!output.open() || !status.open()) return failed("pipe");
  if (!command.merge_output && !error.open()) return failed("pipe");
  if (command.has_input && !input.open()) return failed("pipe");
  if (!command.has_input) input.read = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input.read < 0) return failed("/dev/null");

  if (command.identity) {
    for (const auto* pipe : {&input, &output, &error}) pipe->give_to(command.identity->uid);
  }
  const auto programs = candidates(command);
  const ChildPlan plan{command.directory.c_str(),
                       command.identity ? &*command.identity : nullptr,
                       pointers(programs),
                       pointers(command.arguments),
                       pointers(command.environment),
                       input.read,
                       output.write,
                       command.merge_output ? output.write : error.write,
                       status.write};
  const auto pid = ::fork();
  if (pid == 0) run_child(plan);
  if (pid < 0) return failed("fork");
  Pipe::close_end(status.write);
  int reason = 0;
  ssize_t got = 0;
  while ((got = ::read(status.read, &reason, sizeof reason)) < 0 && errno == EINTR) continue;
  if (got == static_cast<ssize_t>(sizeof reason)) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    return std::unexpected(failure(command.arguments.front(), reason));
  }
  PipedProcess process;
  process.pid = pid;
  if (command.has_input) process.input = Pipe::release(input.write);
  process.output = Pipe::release(output.read);
  if (!command.merge_output) process.error = Pipe::release(error.read);
  return process;
}

}  // namespace postern::agent
