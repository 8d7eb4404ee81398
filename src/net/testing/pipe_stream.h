#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "net/stream.h"

namespace postern::net::testing {

/// One end of a connection within the process: what one end writes the other reads. Both live on one
/// executor.
class PipeStream final : public Stream {
 public:
  /// Two ends that hold at most `capacity` bytes in each direction.
  static std::pair<std::unique_ptr<PipeStream>, std::unique_ptr<PipeStream>> make_pair(
      boost::asio::any_io_executor executor, std::size_t capacity = 64 * 1024);

  ~PipeStream() override;

  /// The n-th read_some or write_all from now (counting from 0) closes this end and throws connection_reset.
  void fail_at(std::size_t step) { steps_left_ = step; }
  /// Reads give a random number of bytes, 1 to `most`.
  void cut_reads(std::size_t most, std::uint32_t seed);
  /// try_write takes so many bytes in all from now on, as a socket with that much room; nothing until then.
  void take_at_once(std::size_t bytes) { room_ = bytes; }
  /// Calls of read_some and write_all so far.
  std::size_t steps() const { return steps_; }
  /// The size of the largest write_all.
  std::size_t largest_write() const { return largest_write_; }

  awaitable<std::size_t> read_some(std::span<std::uint8_t> into) override;
  awaitable<void> wait_readable() override;
  bool has_pending() const override;
  awaitable<void> write_all(ByteView from) override;
  std::size_t try_write(ByteView from) noexcept override;
  void shutdown_send() noexcept override;
  void close() noexcept override;
  void rebind(boost::asio::any_io_executor executor) override;
  boost::asio::any_io_executor executor() override { return executor_; }
  std::string peer_address() const override { return "192.0.2.1"; }

 private:
  struct Direction;
  PipeStream(boost::asio::any_io_executor executor, std::shared_ptr<Direction> in,
             std::shared_ptr<Direction> out);
  void count_step();

  boost::asio::any_io_executor executor_;
  std::shared_ptr<Direction> in_;
  std::shared_ptr<Direction> out_;
  bool closed_ = false;
  std::size_t steps_ = 0;
  std::optional<std::size_t> steps_left_;
  std::size_t largest_write_ = 0;
  std::size_t most_per_read_ = 0;
  std::size_t room_ = 0;
  std::mt19937 random_;
};

}  // namespace postern::net::testing
