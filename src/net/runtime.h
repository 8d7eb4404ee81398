#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>

namespace postern::net {

/// Makes a write to a closed connection an error instead of the end of the process. Every program that uses
/// this room calls it before its first connection; IoThreads does so by itself.
void ignore_sigpipe();

/// One io_context a thread, so that what lives on one executor needs no lock. They stay alive without work
/// until finish() or stop().
class IoThreads {
 public:
  /// `count` is at least 1.
  explicit IoThreads(std::size_t count);
  /// stop() and join().
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  std::size_t size() const;
  /// `index` below size().
  boost::asio::any_io_executor executor(std::size_t index);

  /// Starts the threads and returns. Once.
  void run();
  /// Lets each thread end by itself when its work is done. From any thread.
  void finish();
  /// Ends the threads at once; what is suspended is destroyed with this object. From any thread.
  void stop();
  /// Waits for the threads to end. Not from one of them.
  void join();

 private:
  struct Worker;
  std::unique_ptr<Worker[]> workers_;
  std::size_t count_;
};

}  // namespace postern::net
