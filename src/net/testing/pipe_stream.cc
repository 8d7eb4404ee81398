#include "net/testing/pipe_stream.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace postern::net::testing {
namespace asio = boost::asio;
using boost::system::system_error;

struct PipeStream::Direction {
  Direction(const asio::any_io_executor& executor, std::size_t most)
      : capacity(most), changed(executor, std::chrono::steady_clock::time_point::max()) {}

  awaitable<void> wait() {
    co_await changed.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) throw system_error(asio::error::operation_aborted);
  }

  std::size_t capacity;
  Bytes held;
  bool writer_gone = false;
  bool reader_gone = false;
  /// Cancelled at each change; reader and writer both wait on it.
  asio::steady_timer changed;
};

std::pair<std::unique_ptr<PipeStream>, std::unique_ptr<PipeStream>> PipeStream::make_pair(
    asio::any_io_executor executor, std::size_t capacity) {
  const auto there = std::make_shared<Direction>(executor, capacity);
  const auto back = std::make_shared<Direction>(executor, capacity);
  return {std::unique_ptr<PipeStream>(new PipeStream(executor, back, there)),
          std::unique_ptr<PipeStream>(new PipeStream(executor, there, back))};
}

PipeStream::PipeStream(asio::any_io_executor executor, std::shared_ptr<Direction> in,
                       std::shared_ptr<Direction> out)
    : executor_(std::move(executor)), in_(std::move(in)), out_(std::move(out)) {}

PipeStream::~PipeStream() {
  close();
}

void PipeStream::cut_reads(std::size_t most, std::uint32_t seed) {
  most_per_read_ = most;
  random_.seed(seed);
}

void PipeStream::count_step() {
  if (closed_) throw system_error(asio::error::operation_aborted);
  ++steps_;
  if (!steps_left_) return;
  if (*steps_left_ == 0) {
    close();
    throw system_error(asio::error::connection_reset);
  }
  --*steps_left_;
}

awaitable<std::size_t> PipeStream::read_some(std::span<std::uint8_t> into) {
  count_step();
  const auto in = in_;
  while (in->held.empty() && !in->writer_gone && !closed_) co_await in->wait();
  if (closed_) throw system_error(asio::error::operation_aborted);
  auto size = std::min(into.size(), in->held.size());
  if (most_per_read_ > 0) size = std::min<std::size_t>(size, 1 + random_() % most_per_read_);
  std::copy_n(in->held.begin(), size, into.begin());
  in->held.erase(in->held.begin(), in->held.begin() + static_cast<std::ptrdiff_t>(size));
  in->changed.cancel();
  co_return size;
}

awaitable<void> PipeStream::wait_readable() {
  const auto in = in_;
  while (in->held.empty() && !in->writer_gone && !closed_) co_await in->wait();
  if (closed_) throw system_error(asio::error::operation_aborted);
}

bool PipeStream::has_pending() const {
  return closed_ || in_->writer_gone || !in_->held.empty();
}

awaitable<void> PipeStream::write_all(ByteView from) {
  count_step();
  largest_write_ = std::max(largest_write_, from.size());
  const auto out = out_;
  while (!from.empty()) {
    if (closed_) throw system_error(asio::error::operation_aborted);
    if (out->reader_gone || out->writer_gone) throw system_error(asio::error::broken_pipe);
    const auto size = std::min(from.size(), out->capacity - out->held.size());
    out->held.insert(out->held.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
    from = from.subspan(size);
    if (size > 0) {
      out->changed.cancel();
    } else {
      co_await out->wait();
    }
  }
}

std::size_t PipeStream::try_write(ByteView from) noexcept {
  auto& out = *out_;
  if (closed_ || out.reader_gone || out.writer_gone) return 0;
  const auto size = std::min({from.size(), room_, out.capacity - out.held.size()});
  out.held.insert(out.held.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
  room_ -= size;
  if (size > 0) out.changed.cancel();
  return size;
}

void PipeStream::shutdown_send() noexcept {
  out_->writer_gone = true;
  out_->changed.cancel();
}

void PipeStream::close() noexcept {
  closed_ = true;
  in_->reader_gone = true;
  in_->changed.cancel();
  shutdown_send();
}

void PipeStream::rebind(asio::any_io_executor executor) {
  executor_ = std::move(executor);
}

}  // namespace postern::net::testing
