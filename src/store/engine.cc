#include "store/engine.h"

#include <algorithm>
#include <utility>

#include "store/error.h"
#include "store/statement.h"

namespace postern::store {
namespace {

void answer(Job& job, std::exception_ptr failure) {
  job.work = nullptr;
  std::exchange(job.done, nullptr)(std::move(failure));
}

// Runs the job so that its changes can be undone alone; `failure` is what it threw. Throws when the
// transaction itself is lost.
void run_in_savepoint(soci::session& sql, Repositories& repositories, Job& job, std::exception_ptr& failure) {
  execute(sql, "SAVEPOINT job");
  try {
    job.work(repositories);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) {
    try {
      execute(sql, "RELEASE SAVEPOINT job");
      return;
    } catch (...) {
      // PostgreSQL, when the job went on after a statement that failed.
      failure = std::current_exception();
    }
  }
  execute(sql, "ROLLBACK TO SAVEPOINT job");
  execute(sql, "RELEASE SAVEPOINT job");
}

}  // namespace

bool JobQueue::push(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || jobs_.size() == kMaxJobs) return false;
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

std::vector<Job> JobQueue::take(std::size_t max) {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
  std::vector<Job> taken;
  const auto count = std::min(max, jobs_.size());
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return taken;
}

void JobQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  ready_.notify_all();
}

Engine::Engine(Connection writer, std::vector<Connection> readers, Sealer sealer)
    : sealer_(std::move(sealer)), writer_(std::move(writer)), readers_(std::move(readers)) {
  threads_.emplace_back([this] { write_loop(); });
  for (auto& reader : readers_) threads_.emplace_back([this, &reader] { read_loop(reader); });
}

Engine::~Engine() {
  writes_.close();
  reads_.close();
  threads_.clear();
}

void Engine::submit(Access access, Job job) {
  auto& queue = access == Access::kWrite ? writes_ : reads_;
  if (queue.push(job)) return;
  answer(job, std::make_exception_ptr(StoreError("too much is waiting for the database")));
}

void Engine::write_loop() {
  while (true) {
    auto taken = writes_.take(kMaxGroup);
    if (taken.empty()) return;
    for (std::span<Job> jobs(taken); !jobs.empty();) jobs = jobs.subspan(run_group(jobs));
  }
}

// One transaction over as many of `jobs` as it lasts for: all of them, unless the database gives it up
// half-way, as it does when the disk is full or the server gone. Answers those it has run, after the commit,
// and returns how many they are: at least one.
std::size_t Engine::run_group(std::span<Job> jobs) {
  std::vector<std::exception_ptr> failures;
  failures.reserve(jobs.size());
  std::exception_ptr lost;
  try {
    writer_.revive();
    Transaction transaction(writer_.sql(), Transaction::Kind::kWrite);
    Repositories repositories(writer_.sql(), sealer_);
    for (auto& job : jobs) {
      run_in_savepoint(writer_.sql(), repositories, job, failures.emplace_back());
    }
    transaction.commit();
  } catch (...) {
    lost = std::current_exception();
    if (failures.empty()) failures.emplace_back();
  }
  for (std::size_t i = 0; i < failures.size(); ++i) answer(jobs[i], failures[i] ? failures[i] : lost);
  return failures.size();
}

void Engine::read_loop(Connection& connection) {
  while (true) {
    auto taken = reads_.take(1);
    if (taken.empty()) return;
    std::exception_ptr failure;
    try {
      connection.revive();
      const Transaction transaction(connection.sql(), Transaction::Kind::kRead);
      Repositories repositories(connection.sql(), sealer_);
      taken.front().work(repositories);
    } catch (...) {
      failure = std::current_exception();
    }
    answer(taken.front(), std::move(failure));
  }
}

}  // namespace postern::store
