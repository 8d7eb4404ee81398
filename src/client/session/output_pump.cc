#include "client/session/output_pump.h"

#include <utility>

namespace postern::client {

OutputPump::OutputPump(const boost::asio::any_io_executor& executor, ByteSink& sink,
                       std::function<void()> written)
    : sink_(sink), written_(std::move(written)), ready_(executor), progress_(executor) {}

void OutputPump::put(ByteView bytes) {
  // The echo of a key is on the screen before anything else is done about it.
  if (pending() == 0) bytes = bytes.subspan(sink_.try_write(bytes));
  if (bytes.empty()) return;
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  ready_.notify();
}

awaitable<void> OutputPump::run() {
  for (;;) {
    while (pending_.empty()) co_await ready_.wait();
    std::swap(pending_, writing_);
    co_await sink_.write_all(writing_);
    writing_.clear();
    written_();
    progress_.notify();
  }
}

awaitable<void> OutputPump::drain(Event::Time limit) {
  while (pending() > 0 && std::chrono::steady_clock::now() < limit) co_await progress_.wait_until(limit);
}

}  // namespace postern::client
