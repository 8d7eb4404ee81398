#include "net/runtime.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <thread>

#include "base/check.h"
#include "base/log.h"

namespace postern::net {
namespace asio = boost::asio;

void ignore_sigpipe() {
  std::signal(SIGPIPE, SIG_IGN);
}

struct IoThreads::Worker {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::thread thread;

  void work() {
    for (;;) {
      try {
        context.run();
        return;
      } catch (const std::exception& bug) {
        // A handler let it escape. The others of this thread go on.
        log::error("io_handler_threw", {{"what", bug.what()}});
      }
    }
  }
};

IoThreads::IoThreads(std::size_t count) : workers_(std::make_unique<Worker[]>(count)), count_(count) {
  POSTERN_CHECK(count > 0);
  ignore_sigpipe();
}

IoThreads::~IoThreads() {
  stop();
  join();
}

std::size_t IoThreads::size() const {
  return count_;
}

asio::any_io_executor IoThreads::executor(std::size_t index) {
  POSTERN_CHECK(index < count_);
  return workers_[index].context.get_executor();
}

void IoThreads::run() {
  for (std::size_t i = 0; i < count_; ++i) {
    POSTERN_CHECK(!workers_[i].thread.joinable());
    workers_[i].thread = std::thread([worker = &workers_[i]] { worker->work(); });
  }
}

void IoThreads::finish() {
  for (std::size_t i = 0; i < count_; ++i) {
    // The guard belongs to its thread.
    asio::post(workers_[i].context, [worker = &workers_[i]] { worker->guard.reset(); });
  }
}

void IoThreads::stop() {
  for (std::size_t i = 0; i < count_; ++i) workers_[i].context.stop();
}

void IoThreads::join() {
  for (std::size_t i = 0; i < count_; ++i) {
    if (workers_[i].thread.joinable()) workers_[i].thread.join();
  }
}

}  // namespace postern::net
