#include "gateway/live_session.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "auth/token.h"
#include "gateway/frames.h"
#include "net/testing/pipe_stream.h"
#include "wire/control_payloads.h"
#include "wire/messages.h"
#include "wire/payloads.h"

namespace postern::gateway {
namespace {

using boost::asio::awaitable;
using store::SessionStatus;
using wire::MessageType;

constexpr auto kSession = "alice-0a1b2c3d4e5f67890";
constexpr auto kNode = "mi-0123456789abcdef0";
const Timestamp kNow = from_unix_micros(1'795'000'000'000'000);

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
  void leave() { socket_->close(); }

  /// Reads on and on; without it the leg is a slow reader.
  void start_reading() {
    auto read = [](std::shared_ptr<net::WebSocket> socket,
                   std::shared_ptr<std::deque<Bytes>> into) -> awaitable<void> {
      for (;;) {
        const auto message = co_await socket->read();
        if (message.opcode == net::WsOpcode::kBinary)
          into->emplace_back(message.payload.begin(), message.payload.end());
      }
    };
    boost::asio::co_spawn(context_, read(socket_, received_),
                          [gone = gone_](const std::exception_ptr&) { *gone = true; });
  }

  /// The next message that arrived; fails the test when there is none.
  Bytes take() {
    if (received_->empty()) {
      ADD_FAILURE() << "nothing arrived";
      return {};
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
  bool gone() const { return *gone_; }
  std::size_t unsent() const { return socket_->queued_bytes(); }

  std::shared_ptr<net::WebSocket> service;

 private:
  boost::asio::io_context& context_;
  std::shared_ptr<net::WebSocket> socket_;
  std::shared_ptr<std::deque<Bytes>> received_ = std::make_shared<std::deque<Bytes>>();
  std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);
};

Bytes output(std::int64_t number, std::string_view text) {
  return wire::make_stream_message(wire::Stamp::fresh(kNow), MessageType::kOutputStreamData, number,
                                   wire::PayloadType::kOutput, as_bytes(text));
}
Bytes input(std::int64_t number, std::string_view text) {
  return wire::make_stream_message(wire::Stamp::fresh(kNow), MessageType::kInputStreamData, number,
                                   wire::PayloadType::kOutput, as_bytes(text));
}
Bytes acknowledge(std::int64_t number) {
  return wire::make_acknowledge(wire::Stamp::fresh(kNow), MessageType::kOutputStreamData, Uuid::random(),
                                number);
}
Bytes session_state(const char* state) {
  return wire::make_agent_session_state(wire::Stamp::fresh(kNow), state, kSession);
}
std::string closing_text(const Bytes& message) {
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
    return std::make_shared<LiveSession>(record, std::move(start), times_, host_, clock_,
                                         context_.get_executor());
  }

  std::shared_ptr<End> open(Side side) {
    auto end = std::make_shared<End>(context_);
    end->start_reading();
    return attach(side, end);
  }
  std::shared_ptr<End> attach(Side side, std::shared_ptr<End> end) {
    boost::asio::co_spawn(context_, LiveSession::serve(session_, side, std::exchange(end->service, nullptr)),
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
  std::shared_ptr<LiveSession> session_;
  std::vector<std::shared_ptr<End>> ends_;
};

TEST_F(LiveSessionTest, SendsItsStartMessageAtOnce) {
  ASSERT_EQ(host_.to_node.size(), 1U);
  EXPECT_EQ(as_text(host_.to_node.front()), "start message");
}

TEST_F(LiveSessionTest, RelaysBothWaysUnchanged) {
  const auto client = open(Side::kClient);
  EXPECT_EQ(status(), SessionStatus::kConnecting);
  const auto agent = open(Side::kAgent);
  EXPECT_EQ(status(), SessionStatus::kConnected);
  const auto typed = input(0, "ls\r");
  const auto shown = output(0, "$ ");
  send(client, typed);
  send(agent, shown);
  EXPECT_EQ(agent->take(), typed);
  EXPECT_EQ(client->take(), shown);
  const auto acked = acknowledge(0);
  send(client, acked);
  EXPECT_EQ(agent->take(), acked);
}

TEST_F(LiveSessionTest, DropsWhatASideMayNotSend) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  auto long_header = input(0, "x");
  long_header[3] = 200;
  for (const auto& message :
       {make_channel_closed(kSession, kNode, "injected", kNow), output(0, "forged"),
        make_pause_publication(kSession, kNow), session_state(wire::kSessionTerminating), Bytes{1, 2, 3},
        Bytes(119, 0), long_header}) {
    send(client, message);
  }
  EXPECT_TRUE(agent->idle());
  for (const auto& message :
       {make_channel_closed(kSession, kNode, "injected", kNow), input(0, "forged"), Bytes(5, 0)}) {
    send(agent, message);
  }
  EXPECT_TRUE(client->idle());
  EXPECT_EQ(status(), SessionStatus::kConnected);
}

TEST_F(LiveSessionTest, KeepsFramesForALegThatIsAway) {
  const auto agent = open(Side::kAgent);
  const auto first = output(0, "a");
  const auto second = output(1, "b");
  send(agent, first);
  send(agent, second);
  const auto client = open(Side::kClient);
  EXPECT_EQ(client->take(), first);
  EXPECT_EQ(client->take(), second);
}

TEST_F(LiveSessionTest, PausesTheAgentWhileTheClientIsAway) {
  const auto agent = open(Side::kAgent);
  const auto client = open(Side::kClient);
  client->leave();
  pump();
  EXPECT_EQ(status(), SessionStatus::kDisconnected);
  EXPECT_EQ(agent->take_type(), MessageType::kPausePublication);
  open(Side::kClient);
  EXPECT_EQ(status(), SessionStatus::kConnected);
  EXPECT_EQ(agent->take_type(), MessageType::kStartPublication);
}

TEST_F(LiveSessionTest, ANewerLegTakesTheOldOnesPlace) {
  const auto agent = open(Side::kAgent);
  const auto first = open(Side::kClient);
  const auto second = open(Side::kClient);
  EXPECT_TRUE(first->gone());
  EXPECT_EQ(status(), SessionStatus::kConnected);
  send(agent, output(0, "x"));
  EXPECT_EQ(second->take_type(), MessageType::kOutputStreamData);
}

TEST_F(LiveSessionTest, AShellsEndReachesTheClientBehindItsLastAcknowledgement) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  send(agent, output(0, "bye"));
  client->take();
  send(agent, session_state(wire::kSessionTerminating));
  EXPECT_EQ(status(), SessionStatus::kTerminating);
  EXPECT_TRUE(client->idle());
  send(client, acknowledge(0));
  const auto closed = client->take();
  EXPECT_EQ(wire::peek(closed)->type, MessageType::kChannelClosed);
  EXPECT_EQ(closing_text(closed), "");
  EXPECT_EQ(host_.finishes, 0);
  session_->completed(true, "");
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_EQ(host_.saved.back().status, SessionStatus::kTerminated);
  EXPECT_EQ(host_.saved.back().ended, kNow);
}

TEST_F(LiveSessionTest, TerminateTellsBothEndsAndKeepsTheReason) {
  const auto client = open(Side::kClient);
  const auto agent = open(Side::kAgent);
  session_->terminate("Terminated by bob.");
  pump();
  EXPECT_EQ(closing_text(client->take()), "Terminated by bob.");
  EXPECT_EQ(agent->take_type(), MessageType::kChannelClosed);
  EXPECT_EQ(wire::peek(host_.to_node.back())->type, MessageType::kChannelClosed);
  EXPECT_EQ(host_.saved.back().status, SessionStatus::kTerminating);
  session_->completed(true, "");
  EXPECT_EQ(host_.saved.back().details, "Terminated by bob.");
}

TEST_F(LiveSessionTest, AnAgentThatNeverConfirmsIsGivenUp) {
  open(Side::kClient);
  open(Side::kAgent);
  session_->terminate("Terminated by bob.");
  tick_after(std::chrono::seconds(9));
  EXPECT_EQ(host_.finishes, 0);
  tick_after(std::chrono::seconds(11));
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_EQ(status(), SessionStatus::kTerminated);
}

TEST_F(LiveSessionTest, RepeatsTheStartMessageAndThenFails) {
  const auto client = open(Side::kClient);
  tick_after(std::chrono::seconds(6));
  EXPECT_EQ(host_.to_node.size(), 2U);
  tick_after(std::chrono::seconds(31));
  EXPECT_EQ(status(), SessionStatus::kFailed);
  EXPECT_NE(closing_text(client->take()).find("did not open the session within 30 seconds"),
            std::string::npos);
  EXPECT_EQ(host_.finishes, 1);
}

TEST_F(LiveSessionTest, AFailureOfTheAgentReachesThePerson) {
  const auto client = open(Side::kClient);
  session_->completed(false, "no such user");
  pump();
  EXPECT_EQ(closing_text(client->take()), "no such user");
  EXPECT_EQ(status(), SessionStatus::kFailed);
}

TEST_F(LiveSessionTest, WaitsForALostEndOnlySoLong) {
  // Shorter than kDeadAfter, so that the agent's own silence is no matter.
  times_.grace = std::chrono::seconds(40);
  session_ = make({});
  const auto agent = open(Side::kAgent);
  const auto client = open(Side::kClient);
  client->leave();
  pump();
  tick_after(std::chrono::seconds(39));
  EXPECT_EQ(status(), SessionStatus::kDisconnected);
  tick_after(std::chrono::seconds(41));
  EXPECT_EQ(status(), SessionStatus::kTerminated);
  EXPECT_EQ(session_->record().details, "The client disconnected and did not come back.");
}

TEST_F(LiveSessionTest, AClientThatComesBackGetsTheEndOfTheOutput) {
  const auto agent = open(Side::kAgent);
  auto client = open(Side::kClient);
  client->leave();
  pump();
  send(agent, output(0, "last words"));
  send(agent, session_state(wire::kSessionTerminating));
  session_->completed(true, "");
  EXPECT_EQ(host_.finishes, 0);
  client = open(Side::kClient);
  EXPECT_EQ(client->take_type(), MessageType::kOutputStreamData);
  send(client, acknowledge(0));
  EXPECT_EQ(client->take_type(), MessageType::kChannelClosed);
  EXPECT_EQ(host_.finishes, 1);
}

TEST_F(LiveSessionTest, ASlowReaderStopsItsWriter) {
  const auto agent = open(Side::kAgent);
  const auto client = attach(Side::kClient, std::make_shared<End>(context_));
  const auto chunk = output(0, std::string(32 * 1024, 'x'));
  const auto offered = 100 * chunk.size();
  for (int i = 0; i < 100; ++i) agent->send(chunk);
  pump();
  // What the service took is bounded by its own queue, one message, and the two pipes of 64 KiB.
  EXPECT_GT(agent->unsent(), offered - LiveSession::kQueueBytes - 2 * chunk.size() - 2 * 64 * 1024 - 4096);
  client->start_reading();
  std::size_t arrived = 0;
  pump();
  while (!client->idle()) {
    client->take();
    ++arrived;
    pump();
  }
  EXPECT_EQ(arrived, 100U);
}

TEST_F(LiveSessionTest, AClientsTokenIsGoodOnceAndNotForEver) {
  EXPECT_FALSE(session_->redeem_client_token("other"));
  EXPECT_TRUE(session_->redeem_client_token("token"));
  EXPECT_FALSE(session_->redeem_client_token("token"));
  EXPECT_TRUE(host_.saved.back().client_token_hash.empty());
  session_->set_client_token(sha256_hex("second"), kNow + std::chrono::minutes(1));
  clock_.time = kNow + std::chrono::minutes(2);
  EXPECT_FALSE(session_->redeem_client_token("second"));
}

TEST_F(LiveSessionTest, OneFoundInTheStoreWaitsForItsEnds) {
  host_.to_node.clear();
  session_ = make({});
  tick_after(std::chrono::seconds(60));
  EXPECT_TRUE(host_.to_node.empty());
  EXPECT_EQ(host_.finishes, 0);
  tick_after(std::chrono::seconds(301));
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_EQ(session_->record().details, "The node lost its connection and did not come back.");
}

}  // namespace
}  // namespace postern::gateway
