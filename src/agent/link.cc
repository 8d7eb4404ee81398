#include "agent/link.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "agent/signal.h"

namespace postern::agent {
namespace asio = boost::asio;

/// Shared with the coroutine that writes, which may outlive the Link by one write.
struct Link::State {
  State(asio::any_io_executor executor, int descriptor)
      : socket(executor, asio::local::stream_protocol(), descriptor), written(executor) {}

  static net::awaitable<void> write(std::shared_ptr<State> self);

  asio::local::stream_protocol::socket socket;
  std::string inbox;
  std::string outbox;
  bool writing = false;
  Signal written;
};

net::awaitable<void> Link::State::write(std::shared_ptr<State> self) {
  while (!self->outbox.empty()) {
    const auto batch = std::exchange(self->outbox, {});
    const auto [ec, size] =
        co_await asio::async_write(self->socket, asio::buffer(batch), asio::as_tuple(asio::use_awaitable));
    if (ec) self->outbox.clear();
  }
  self->writing = false;
  self->written.notify();
}

Link::Link(asio::any_io_executor executor, int descriptor)
    : state_(std::make_shared<State>(std::move(executor), descriptor)) {}

Link::~Link() {
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

net::awaitable<std::optional<std::string>> Link::read_line() {
  const auto state = state_;
  const auto [ec, size] =
      co_await asio::async_read_until(state->socket, asio::dynamic_buffer(state->inbox, kMaxLineBytes), '\n',
                                      asio::as_tuple(asio::use_awaitable));
  if (ec) co_return std::nullopt;
  auto line = state->inbox.substr(0, size - 1);
  state->inbox.erase(0, size);
  co_return line;
}

void Link::send(std::string line) {
  state_->outbox += line;
  state_->outbox += '\n';
  if (state_->writing) return;
  state_->writing = true;
  asio::co_spawn(state_->socket.get_executor(), State::write(state_), asio::detached);
}

net::awaitable<void> Link::flush() {
  const auto state = state_;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (state->writing && std::chrono::steady_clock::now() < deadline)
    co_await state->written.wait(deadline);
}

}  // namespace postern::agent
