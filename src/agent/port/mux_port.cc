#include "agent/port/mux_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>

#include "agent/pending_bytes.h"
#include "agent/spawn.h"
#include "base/log.h"

namespace postern::agent {
namespace asio = boost::asio;
using channel::Mux;
using channel::MuxDialect;

/// One connection: its socket, and what the socket has not taken yet, which its window bounds.
class MuxPort::Stream final : public Source, public std::enable_shared_from_this<Stream> {
 public:
  Stream(MuxPort& port, std::uint32_t id) : port_(port), id_(id) {}

  std::uint32_t id() const { return id_; }
  bool connected() const { return socket_.has_value(); }

  /// Data may have come before. Reading starts with take_part().
  void connect(Dialer::Connection socket) {
    socket_.emplace(std::move(socket));
    write({});
  }

  /// Its bytes may go to the client from now on, as its window allows.
  void take_part() {
    if (closed_ || read_ended_ || !connected() || std::exchange(taking_part_, true)) return;
    port_.turns_->add(shared_from_this());
  }

  asio::posix::stream_descriptor* descriptor() override { return &*socket_; }

  Outcome take_turn() override {
    const auto outcome = closed_ ? Outcome::kOut : read_once();
    if (outcome == Outcome::kOut) taking_part_ = false;
    return outcome;
  }

  /// From the client. What is not written at once stays here.
  void write(ByteView data) {
    if (closed_) return;
    if (!connected()) return pending_.keep(data);
    auto gone = data.size();
    if (!write_broken_) {
      const auto result = pending_.write(socket_->native_handle(), data);
      gone = result.gone;
      // It may still have something to say: reading tells when it is over.
      if (result.outcome == PendingBytes::Outcome::kBroken) write_broken_ = true;
      if (result.outcome == PendingBytes::Outcome::kFull) wait_writable();
    }
    if (gone > 0) port_.mux_.consumed(id_, gone);
    if (write_ended_ && pending_.empty()) finish_writing();
  }

  /// The client sends no more.
  void end_writing() {
    write_ended_ = true;
    if (connected() && pending_.empty()) finish_writing();
  }

  /// Ends the connection as that of a peer that has broken down.
  void abort() {
    if (connected() && !closed_) {
      const linger at_once{1, 0};
      ::setsockopt(socket_->native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close();
  }

  void close() {
    closed_ = true;
    boost::system::error_code ignored;
    if (connected()) socket_->close(ignored);
  }

 private:
  Outcome read_once() {
    auto& mux = port_.mux_;
    auto& channel = *port_.channel_;
    const auto size = std::min(
        {mux.send_window(id_), port_.payload_bytes_ - Mux::kFrameHeaderBytes, Mux::kMaxFrameDataBytes});
    // on_window() brings it back.
    if (size == 0) return Outcome::kOut;
    port_.send_control();
    const auto room = channel.prepare(Mux::kFrameHeaderBytes + size);
    const auto data = room.subspan(Mux::kFrameHeaderBytes);
    const auto got = ::read(socket_->native_handle(), data.data(), data.size());
    if (got < 0 && errno == EINTR) return Outcome::kMore;
    if (got < 0 && errno == EAGAIN) return Outcome::kDrained;
    if (got <= 0) {
      on_read_end(got == 0 ? 0 : errno);
      return Outcome::kOut;
    }
    const auto bytes = static_cast<std::size_t>(got);
    mux.frame(id_, bytes, room.first<Mux::kFrameHeaderBytes>());
    channel.send_prepared(wire::PayloadType::kOutput, Mux::kFrameHeaderBytes + bytes);
    return bytes == data.size() ? Outcome::kMore : Outcome::kDrained;
  }

  void on_read_end(int error) {
    read_ended_ = true;
    if (error != 0) {
      port_.mux_.reset(id_, reason_of(error));
      port_.forget(id_);
    } else {
      port_.mux_.end(id_);
      // Official peers know no half-close.
      if (port_.mux_.dialect() == MuxDialect::kSmux || writing_finished_) port_.forget(id_);
    }
    port_.queue_control();
  }

  void finish_writing() {
    if (std::exchange(writing_finished_, true)) return;
    if (port_.mux_.dialect() == MuxDialect::kSmux) {
      port_.mux_.end(id_);
      port_.forget(id_);
    } else {
      ::shutdown(socket_->native_handle(), SHUT_WR);
      if (read_ended_) port_.forget(id_);
    }
  }

  void wait_writable() {
    if (std::exchange(waiting_, true)) return;
    socket_->async_wait(asio::posix::stream_descriptor::wait_write,
                        [self = shared_from_this()](boost::system::error_code ec) {
                          self->waiting_ = false;
                          if (ec) return;
                          self->write({});
                          // There is room again for what waited in the channel, and credit to be given.
                          self->port_.take_input();
                        });
  }

  MuxPort& port_;
  std::uint32_t id_;
  std::optional<Dialer::Connection> socket_;
  PendingBytes pending_;
  bool taking_part_ = false;
  bool waiting_ = false;
  bool read_ended_ = false;
  bool write_ended_ = false;
  bool write_broken_ = false;
  bool writing_finished_ = false;
  bool closed_ = false;
};

/// The multiplexer's own frames, which wait for their turn like everything else.
class MuxPort::Control final : public Source {
 public:
  explicit Control(MuxPort& port) : port_(port) {}

  bool queued = false;

  Outcome take_turn() override {
    queued = false;
    port_.send_control();
    return Outcome::kOut;
  }

 private:
  MuxPort& port_;
};

MuxPort::MuxPort(asio::any_io_executor executor, Dialer& dialer, const PortProperties& properties,
                 MuxDialect dialect, std::size_t payload_bytes)
    : executor_(executor),
      dialer_(dialer),
      properties_(properties),
      payload_bytes_(payload_bytes),
      mux_(channel::MuxRole::kAgent, dialect, *this),
      control_(std::make_shared<Control>(*this)),
      change_(executor) {}

MuxPort::~MuxPort() = default;

net::awaitable<Completion> MuxPort::run(ChannelDriver& channel) {
  channel_ = &channel;
  turns_.emplace(executor_, channel);
  turns_->start();
  if (mux_.dialect() == MuxDialect::kFlow) start_listeners();
  channel.on_input = [this] { take_input(); };
  channel.set_consumer(this);
  take_input();
  while (!completion_) co_await change_.wait();
  channel.on_input = nullptr;
  channel.set_consumer(nullptr);
  if (listeners_) listeners_->close();
  for (const auto& [id, stream] : streams_) stream->close();
  streams_.clear();
  co_return *completion_;
}

void MuxPort::take_input() {
  while (!completion_ && channel_->front() != nullptr && mux_.wants_bytes()) {
    const auto delivery = channel_->pop();
    if (delivery.type == wire::PayloadType::kOutput) {
      feed(delivery.payload);
    } else if (delivery.type == wire::PayloadType::kFlag &&
               wire::decode_flag(delivery.payload) == wire::Flag::kTerminateSession) {
      end(wire::kTaskSuccess, "");
    }
  }
  queue_control();
}

std::size_t MuxPort::on_payload(wire::PayloadType type, ByteView payload) {
  if (completion_ || type != wire::PayloadType::kOutput || !mux_.wants_bytes()) return 0;
  feed(payload);
  queue_control();
  return payload.size();
}

void MuxPort::feed(ByteView payload) {
  const auto fed = mux_.on_bytes(payload);
  if (!fed) end(wire::kTaskFailed, std::string(channel::to_string(fed.error())));
}

void MuxPort::send_control() {
  while (mux_.has_control()) channel_->send(wire::PayloadType::kOutput, mux_.take_control());
}

/// Answers that a client does not take wait in the multiplexer, which bounds them.
void MuxPort::queue_control() {
  if (completion_ || !mux_.has_control() || std::exchange(control_->queued, true)) return;
  turns_->add(control_);
}

void MuxPort::on_open(std::uint32_t id, std::string_view text) {
  auto target = choose_target(text);
  if (!target) return refuse(id, target.error());
  const auto stream = std::make_shared<Stream>(*this, id);
  streams_.emplace(id, stream);
  spawn(executor_, "port_dial", dial(stream, std::move(*target)));
}

std::expected<Target, std::string> MuxPort::choose_target(std::string_view text) const {
  if (text.empty()) {
    if (!properties_.target) return std::unexpected("this session has no destination of its own");
    return *properties_.target;
  }
  auto target = parse_stream_target(text);
  if (!target) return target;
  if (!properties_.destinations.allows(*target)) {
    return std::unexpected("forwarding to " + to_string(*target) + " is not allowed in this session");
  }
  return target;
}

net::awaitable<void> MuxPort::dial(std::shared_ptr<Stream> stream, Target target) {
  auto socket = co_await dialer_.dial(target);
  const auto id = stream->id();
  if (completion_ || find(id) != stream) co_return;
  if (!socket) {
    log::info("port_not_connected", {{"target", to_string(target)}, {"reason", socket.error()}});
    refuse(id, socket.error());
    co_return queue_control();
  }
  mux_.accept(id);
  stream->connect(std::move(*socket));
  stream->take_part();
  // What waited for the connection was counted against all of them.
  take_input();
}

void MuxPort::refuse(std::uint32_t id, const std::string& reason) {
  // Official clients then say that the port could not be reached, not which one.
  if (mux_.dialect() == MuxDialect::kSmux && channel_->can_send()) {
    channel_->send(wire::PayloadType::kFlag, wire::encode_flag(wire::Flag::kConnectToPortError));
  }
  mux_.reset(id, reason);
  forget(id);
}

void MuxPort::start_listeners() {
  listeners_.emplace(executor_, [this](std::size_t index, Dialer::Connection connection) {
    on_connection(index, std::move(connection));
  });
  for (std::size_t index = 0; index < properties_.listeners.size(); ++index) {
    const auto port = listeners_->open(properties_.listeners[index]);
    boost::json::object news{{"listener", index}};
    if (port) {
      news["port"] = *port;
    } else {
      news["error"] = port.error();
    }
    mux_.control(boost::json::serialize(news));
  }
}

void MuxPort::on_connection(std::size_t listener, Dialer::Connection connection) {
  const auto id = completion_ ? std::nullopt : mux_.open("listener:" + std::to_string(listener));
  if (!id) return;
  const auto stream = std::make_shared<Stream>(*this, *id);
  streams_.emplace(*id, stream);
  stream->connect(std::move(connection));
  queue_control();
}

void MuxPort::on_accept(std::uint32_t id) {
  if (const auto stream = find(id)) stream->take_part();
}

void MuxPort::on_data(std::uint32_t id, ByteView data) {
  if (const auto stream = find(id)) {
    stream->write(data);
  } else {
    mux_.consumed(id, data.size());
  }
}

void MuxPort::on_end(std::uint32_t id) {
  if (const auto stream = find(id)) stream->end_writing();
}

void MuxPort::on_reset(std::uint32_t id, std::string_view /*reason*/) {
  if (const auto stream = find(id)) stream->abort();
  streams_.erase(id);
}

void MuxPort::on_window(std::uint32_t id) {
  if (const auto stream = find(id)) stream->take_part();
}

void MuxPort::on_control(std::string_view /*text*/) {
  // Nothing is defined in this direction.
}

std::shared_ptr<MuxPort::Stream> MuxPort::find(std::uint32_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

void MuxPort::forget(std::uint32_t id) {
  const auto stream = find(id);
  if (!stream) return;
  stream->close();
  streams_.erase(id);
}

void MuxPort::end(std::string status, std::string output) {
  if (!completion_) completion_ = Completion{std::move(status), std::move(output)};
  change_.notify();
}

}  // namespace postern::agent
