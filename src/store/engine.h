#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "store/connection.h"
#include "store/repositories.h"
#include "store/sealer.h"

namespace postern::store {

/// A piece of work for a database thread, and whom to tell. `work` is destroyed before `done` is called.
struct Job {
  std::move_only_function<void(Repositories&)> work;
  std::move_only_function<void(std::exception_ptr failure)> done;
};

/// First in, first out, bounded. Thread-safe.
class JobQueue {
 public:
  /// Jobs that may wait; each holds a request that some caller waits for, or a change that was posted.
  static constexpr std::size_t kMaxJobs = 16384;

  /// False when the queue is full; then `job` is untouched.
  bool push(Job& job);
  /// Waits for jobs and takes up to `max` of them; none when the queue is closed and empty.
  std::vector<Job> take(std::size_t max);
  /// What is queued is still taken; nothing may be pushed after.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  bool closed_ = false;
};

/// The database threads: one that writes, since SQLite has one writer anyway, and a few that read.
class Engine {
 public:
  enum class Access { kRead, kWrite };

  /// The writer's connection has the schema already.
  Engine(Connection writer, std::vector<Connection> readers, Sealer sealer);
  /// Finishes what is queued.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The job is always answered, from a database thread; or from this one when the queue is full.
  void submit(Access access, Job job);

 private:
  /// Jobs that may share one commit, and so one sync of the disk. Bounds how long the first of them waits for
  /// the others.
  static constexpr std::size_t kMaxGroup = 64;

  void write_loop();
  void read_loop(Connection& connection);
  std::size_t run_group(std::span<Job> jobs);

  const Sealer sealer_;
  Connection writer_;
  std::vector<Connection> readers_;
  JobQueue writes_;
  JobQueue reads_;
  std::vector<std::jthread> threads_;
};

}  // namespace postern::store
