#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "gateway/frames.h"
#include "gateway/live_session.h"
#include "net/testing/pipe_stream.h"
#include "wire/messages.h"
#include "wire/payloads.h"

/// A LiveSession with two ends made by hand, for its tests.
namespace postern::gateway {

using boost::asio::awaitable;
using store::SessionStatus;
using wire::MessageType;

inline constexpr auto kSession = "alice-0a1b2c3d4e5f67890";
inline constexpr auto kNode = "mi-0123456789abcdef0";
inline const Timestamp kNow = from_unix_micros(1'795'000'000'000'000);

class FixedClock final : public Clock {
 public:
  Timestamp now() const override { return time; }
  Timestamp time = kNow;
};

/// What the session asked of the house.
class Host final : public SessionHost {
 public:
  void save(const store::Session& record) override { saved.push_back(record); }
  bool send_to_node(const std::string& node_id, Bytes message) override {
    EXPECT_EQ(node_id, kNode);
    to_node.push_back(std::move(message));
    return true;
  }
  void finished(const std::string& session_id) override {
    EXPECT_EQ(session_id, kSession);
    ++finishes;
  }

  std::vector<store::Session> saved;
  std::vector<Bytes> to_node;
  int finishes = 0;
};

/// The far end of one leg: a client or an agent as the session sees it.
class End {
 public:
  explicit End(boost::asio::io_context& context) : context_(context) {
    auto [near, far] = net::testing::PipeStream::make_pair(context.get_executor());
    service = std::make_shared<net::WebSocket>(std::move(near), net::WsRole::kServer);
    socket_ = std::make_shared<net::WebSocket>(std::move(far), net::WsRole::kClient);
  }

  void send(ByteView message) { socket_->send(net::WsOpcode::kBinary, message); }
  void pong(std::string_view payload) { socket_->send(net::WsOpcode::kPong, as_bytes(payload)); }
  void leave() { socket_->close(); }

  /// Reads on and on; without it the leg is a slow reader.
  void start_reading() {
    auto read = [](std::shared_ptr<net::WebSocket> socket, std::shared_ptr<std::deque<Bytes>> into,
                   std::shared_ptr<std::deque<std::string>> pings) -> awaitable<void> {
      for (;;) {
        const auto message = co_await socket->read();
        if (message.opcode == net::WsOpcode::kPing) pings->emplace_back(as_text(message.payload));
        if (message.opcode == net::WsOpcode::kClose) *pings = {"Close"};
        if (message.opcode == net::WsOpcode::kBinary)
          into->emplace_back(message.payload.begin(), message.payload.end());
      }
    };
    boost::asio::co_spawn(context_, read(socket_, received_, pings_),
                          [gone = gone_](const std::exception_ptr&) { *gone = true; });
  }

  /// The next message that arrived; fails the test when there is none.
  Bytes take() {
    if (received_->empty()) {
      ADD_FAILURE() << "nothing arrived";
      return Bytes(wire::kHeaderBytes, 0);
    }
    auto first = std::move(received_->front());
    received_->pop_front();
    return first;
  }
  MessageType take_type() {
    const auto message = take();
    const auto head = wire::peek(message);
    return head ? head->type : MessageType::kUnknown;
  }
  bool idle() const { return received_->empty(); }
  std::size_t waiting() const { return received_->size(); }
  /// Payloads of the pings that arrived; each was answered.
  std::deque<std::string> take_pings() { return std::exchange(*pings_, {}); }
  bool gone() const { return *gone_; }
  std::size_t unsent() const { return socket_->queued_bytes(); }

  std::shared_ptr<net::WebSocket> service;

 private:
  boost::asio::io_context& context_;
  std::shared_ptr<net::WebSocket> socket_;
  std::shared_ptr<std::deque<Bytes>> received_ = std::make_shared<std::deque<Bytes>>();
  std::shared_ptr<std::deque<std::string>> pings_ = std::make_shared<std::deque<std::string>>();
  std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);
};

inline Bytes output(std::int64_t number, std::string_view text) {
  return wire::make_stream_message(wire::Stamp::fresh(kNow), MessageType::kOutputStreamData, number,
                                   wire::PayloadType::kOutput, as_bytes(text));
}
inline Bytes input(std::int64_t number, std::string_view text) {
  return wire::make_stream_message(wire::Stamp::fresh(kNow), MessageType::kInputStreamData, number,
                                   wire::PayloadType::kOutput, as_bytes(text));
}
inline Bytes acknowledge(std::int64_t number) {
  return wire::make_acknowledge(wire::Stamp::fresh(kNow), MessageType::kOutputStreamData, Uuid::random(),
                                number);
}
inline Bytes session_state(const char* state) {
  return wire::make_agent_session_state(wire::Stamp::fresh(kNow), state, kSession);
}
inline std::string closing_text(const Bytes& message) {
  const auto closed =
      decode_json_text<wire::ChannelClosed>(as_text(ByteView(message).subspan(wire::kHeaderBytes)));
  return closed ? closed->output.value_or("") : "no channel_closed";
}

class LiveSessionTest : public ::testing::Test {
 protected:
  LiveSessionTest() : session_(make(to_bytes("start message"))) {}
  ~LiveSessionTest() override {
    for (const auto& end : ends_) end->leave();
    pump();
  }

  std::shared_ptr<LiveSession> make(Bytes start) {
    store::Session record{.session_id = kSession, .target = kNode, .started = kNow};
    record.client_token_hash = sha256_hex("token");
    // Without a start message it is one that was under way before the service was restarted.
    if (start.empty()) record.connected = kNow;
    record.client_token_expires = kNow + std::chrono::minutes(5);
    record.document_name = "Ops-Shell";
    record.session_type = session_type_;
    record.idle_timeout = idle_timeout_;
    record.max_duration = max_duration_;
    return std::make_shared<LiveSession>(record, std::move(start), times_, host_, clock_,
                                         context_.get_executor());
  }

  std::shared_ptr<End> open(Side side, Maker maker = Maker::kOurs) {
    auto end = std::make_shared<End>(context_);
    end->start_reading();
    return attach(side, end, maker);
  }
  std::shared_ptr<End> attach(Side side, std::shared_ptr<End> end, Maker maker = Maker::kOurs) {
    boost::asio::co_spawn(context_,
                          LiveSession::serve(session_, side, maker, std::exchange(end->service, nullptr)),
                          boost::asio::detached);
    ends_.push_back(end);
    pump();
    return end;
  }

  /// Runs everything that can run without waiting for time.
  void pump() {
    context_.restart();
    context_.poll();
  }
  void send(const std::shared_ptr<End>& from, const Bytes& message) {
    from->send(message);
    pump();
  }
  void tick_after(std::chrono::seconds delay) {
    session_->tick(std::chrono::steady_clock::now() + delay);
    pump();
  }
  SessionStatus status() const { return session_->record().status; }

  boost::asio::io_context context_;
  FixedClock clock_;
  Host host_;
  SessionTimes times_;
  std::string session_type_;
  std::chrono::seconds idle_timeout_{0};
  std::chrono::seconds max_duration_{0};
  std::shared_ptr<LiveSession> session_;
  std::vector<std::shared_ptr<End>> ends_;
};

}  // namespace postern::gateway
