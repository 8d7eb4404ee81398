#include "agent/port/raw_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"

namespace postern::agent {
namespace asio = boost::asio;

/// The destination's end.
class RawPort::Connection final : public Source, public std::enable_shared_from_this<Connection> {
 public:
  Connection(RawPort& port, ChannelDriver& channel, Dialer::Connection socket)
      : port_(port), channel_(channel), socket_(std::move(socket)) {}

  asio::posix::stream_descriptor* descriptor() override { return &socket_; }

  Outcome take_turn() override {
    if (!socket_.is_open()) return Outcome::kOut;
    const auto room = channel_.prepare(port_.payload_bytes_);
    const auto got = ::read(socket_.native_handle(), room.data(), room.size());
    if (got < 0 && errno == EINTR) return Outcome::kMore;
    if (got < 0 && errno == EAGAIN) return Outcome::kDrained;
    if (got <= 0) {
      port_.on_connection_end();
      return Outcome::kOut;
    }
    const auto size = static_cast<std::size_t>(got);
    channel_.send_prepared(wire::PayloadType::kOutput, size);
    return size == room.size() ? Outcome::kMore : Outcome::kDrained;
  }

  /// Whether it takes more.
  bool ready() const { return pending_.empty(); }

  void write(ByteView data) {
    const auto result = pending_.write(socket_.native_handle(), data);
    // What a destination that has closed does not take is lost, as with any connection.
    if (result.outcome == PendingBytes::Outcome::kBroken) return port_.on_connection_end();
    if (result.outcome == PendingBytes::Outcome::kFull) wait_writable();
  }

  /// All of it has been written.
  void end_input() { ::shutdown(socket_.native_handle(), SHUT_WR); }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  void wait_writable() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                       [self = shared_from_this()](boost::system::error_code ec) {
                         if (ec) return;
                         self->write({});
                         if (self->ready()) self->port_.take_input(self->channel_);
                       });
  }

  RawPort& port_;
  ChannelDriver& channel_;
  Dialer::Connection socket_;
  PendingBytes pending_;
};

RawPort::RawPort(asio::any_io_executor executor, Dialer& dialer, Target target, RawPortMode mode,
                 std::size_t payload_bytes)
    : executor_(executor),
      dialer_(dialer),
      target_(std::move(target)),
      mode_(mode),
      payload_bytes_(payload_bytes),
      change_(executor) {}

net::awaitable<Completion> RawPort::run(ChannelDriver& channel) {
  turns_.emplace(executor_, channel);
  turns_->start();
  channel.on_input = [this, &channel] { take_input(channel); };
  dial_wanted_ = true;
  while (!completion_) {
    if (std::exchange(dial_wanted_, false)) {
      if (!co_await dial(channel)) break;
      take_input(channel);
    } else {
      co_await change_.wait();
    }
  }
  channel.on_input = nullptr;
  hang_up();
  co_return *completion_;
}

/// False, and the session is over, when that can't be done.
net::awaitable<bool> RawPort::dial(ChannelDriver& channel) {
  auto socket = co_await dialer_.dial(target_);
  if (completion_) co_return false;
  if (!socket) {
    log::info("port_not_connected", {{"target", to_string(target_)}, {"reason", socket.error()}});
    end(wire::kTaskFailed, "Unable to connect to specified port: " + socket.error());
    co_return false;
  }
  // Data that came meanwhile has asked for what is there now.
  dial_wanted_ = false;
  connection_ = std::make_shared<Connection>(*this, channel, std::move(*socket));
  turns_->add(connection_);
  co_return true;
}

/// Passes on what the connection takes; the rest stays in the channel, and so at the client.
void RawPort::take_input(ChannelDriver& channel) {
  while (!completion_ && channel.front() != nullptr) {
    const auto& next = *channel.front();
    const auto flag = next.type == wire::PayloadType::kFlag ? wire::decode_flag(next.payload) : std::nullopt;
    if (flag == wire::Flag::kTerminateSession) return end(wire::kTaskSuccess, "");
    // A disconnection, too, comes after the data before it.
    if (connection_ && !connection_->ready()) return;
    // The end of the input, too, is for the connection that is being made.
    if ((next.type == wire::PayloadType::kOutput || flag == wire::Flag::kEndOfInput) && !connection_) {
      dial_wanted_ = true;
      return change_.notify();
    }
    const auto delivery = channel.pop();
    if (delivery.type == wire::PayloadType::kOutput) {
      const auto connection = connection_;
      connection->write(delivery.payload);
    } else if (flag == wire::Flag::kDisconnectToPort) {
      on_connection_end();
    } else if (flag == wire::Flag::kEndOfInput && connection_) {
      connection_->end_input();
    }
  }
}

void RawPort::hang_up() {
  if (const auto connection = std::exchange(connection_, nullptr)) connection->close();
}

void RawPort::on_connection_end() {
  hang_up();
  if (mode_ == RawPortMode::kStdio) end(wire::kTaskSuccess, "");
}

void RawPort::end(std::string status, std::string output) {
  if (!completion_) completion_ = Completion{std::move(status), std::move(output)};
  change_.notify();
}

}  // namespace postern::agent
