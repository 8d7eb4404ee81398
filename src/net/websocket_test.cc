#include "net/websocket.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "base/encoding.h"
#include "net/error.h"
#include "net/testing/pipe_stream.h"
#include "net/testing/run.h"
#include "net/timeout.h"
#include "net/ws_inbox.h"
#include "net/ws_outbox.h"

namespace postern::net {
namespace {

namespace asio = boost::asio;
using boost::system::system_error;
using testing::PipeStream;

struct Received {
  WsOpcode opcode;
  std::string payload;
  friend bool operator==(const Received&, const Received&) = default;
};

std::ostream& operator<<(std::ostream& out, const Received& message) {
  return out << static_cast<int>(message.opcode) << ':' << message.payload.substr(0, 60);
}

Received text(std::string payload) {
  return {WsOpcode::kText, std::move(payload)};
}
Received binary(std::string payload) {
  return {WsOpcode::kBinary, std::move(payload)};
}

awaitable<Received> receive(WebSocket& socket) {
  const auto message = co_await socket.read();
  co_return Received{message.opcode, std::string(as_text(message.payload))};
}

awaitable<boost::system::error_code> read_failure(WebSocket& socket) {
  boost::system::error_code code;
  try {
    for (;;) co_await socket.read();
  } catch (const system_error& error) {
    code = error.code();
  }
  co_return code;
}

/// A client's frame with the mask key 0, whose payload is therefore as in clear.
Bytes client_frame(int first_byte, std::string_view payload) {
  Bytes bytes = {static_cast<std::uint8_t>(first_byte)};
  if (payload.size() < 126) {
    bytes.push_back(static_cast<std::uint8_t>(0x80 | payload.size()));
  } else {
    bytes.push_back(0x80 | 126);
    bytes.push_back(static_cast<std::uint8_t>(payload.size() >> 8));
    bytes.push_back(static_cast<std::uint8_t>(payload.size() & 0xFF));
  }
  bytes.insert(bytes.end(), 4, 0);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

class WebSocketTest : public ::testing::Test {
 protected:
  /// The server's end is a WebSocket, the peer a bare stream.
  void open(WsLimits limits = {}, std::size_t capacity = 64 * 1024) {
    auto [ours, theirs] = PipeStream::make_pair(context_.get_executor(), capacity);
    ours_ = ours.get();
    server_ = std::make_unique<WebSocket>(std::move(ours), WsRole::kServer, Bytes{}, limits);
    peer_ = std::move(theirs);
  }

  void peer_sends(const Bytes& bytes) { run(peer_->write_all(bytes)); }
  void peer_sends_hex(std::string_view hex) { peer_sends(from_hex(hex).value()); }

  std::string peer_reads(std::size_t most = 64 * 1024) {
    Bytes bytes(most);
    const auto size = run(peer_->read_some(bytes));
    return std::string(as_text(ByteView(bytes).first(size)));
  }

  Received next() { return run(receive(*server_)); }

  template <class T>
  T run(awaitable<T> op) {
    return testing::run(context_, std::move(op));
  }

  asio::io_context context_;
  std::unique_ptr<WebSocket> server_;
  PipeStream* ours_ = nullptr;
  std::unique_ptr<PipeStream> peer_;
};

TEST_F(WebSocketTest, ReadsTheMaskedHelloOfTheRfc) {
  open();
  peer_sends_hex("818537fa213d7f9f4d5158");
  EXPECT_EQ(next(), text("Hello"));
}

TEST_F(WebSocketTest, SendsTheUnmaskedHelloOfTheRfc) {
  open();
  server_->send(WsOpcode::kText, as_bytes("Hel"), as_bytes("lo"));
  EXPECT_EQ(to_hex(as_bytes(peer_reads())), "810548656c6c6f");
}

TEST_F(WebSocketTest, ReadsWhatArrivedBehindTheUpgrade) {
  auto [ours, theirs] = PipeStream::make_pair(context_.get_executor());
  WebSocket socket(std::move(ours), WsRole::kServer, client_frame(0x82, "early"));
  EXPECT_EQ(run(receive(socket)), binary("early"));
}

// The traps named are those of section 10 of our notes on the data channel.
TEST_F(WebSocketTest, Trap8AndControlPlaneTrap13_AssemblesFragmentsWithControlFramesBetween) {
  open();
  peer_sends(client_frame(0x01, "one "));
  peer_sends(client_frame(0x89, "keepalive"));
  peer_sends(client_frame(0x00, "two "));
  peer_sends(client_frame(0x8A, ""));
  peer_sends(client_frame(0x80, "three"));
  peer_sends(client_frame(0x82, "next"));
  EXPECT_EQ(next(), (Received{WsOpcode::kPing, "keepalive"}));
  EXPECT_EQ(next(), (Received{WsOpcode::kPong, ""}));
  EXPECT_EQ(next(), text("one two three"));
  EXPECT_EQ(next(), binary("next"));
}

TEST_F(WebSocketTest, ControlPlaneTrap12_AnswersAPingWithItsPayload) {
  open();
  peer_sends(client_frame(0x89, "keepalive"));
  next();
  EXPECT_EQ(to_hex(as_bytes(peer_reads())), "8a096b656570616c697665");
}

TEST_F(WebSocketTest, EchoesACloseAndThenEnds) {
  open();
  peer_sends_hex("88850000000003e8427965");
  EXPECT_EQ(next().opcode, WsOpcode::kClose);
  EXPECT_EQ(to_hex(as_bytes(peer_reads())), "880203e8");
  server_->send(WsOpcode::kBinary, as_bytes("too late"));
  EXPECT_EQ(server_->queued_bytes(), 0U);
  peer_->shutdown_send();
  EXPECT_EQ(run(read_failure(*server_)), asio::error::eof);
}

TEST_F(WebSocketTest, EndsWithTheRightCodeWhenThePeerBreaksTheRules) {
  struct Case {
    const char* name;
    Bytes bytes;
    Errc error;
    const char* close_hex;
  };
  Bytes unmasked = from_hex("810548656c6c6f").value();
  Bytes two_starts = client_frame(0x01, "a");
  const auto second = client_frame(0x82, "b");
  two_starts.insert(two_starts.end(), second.begin(), second.end());
  const Case cases[] = {
      {"unmasked", unmasked, Errc::kWsProtocol, "880203ea"},
      {"reserved bit", client_frame(0xC1, "a"), Errc::kWsProtocol, "880203ea"},
      {"unknown opcode", client_frame(0x83, "a"), Errc::kWsProtocol, "880203ea"},
      {"continuation of nothing", client_frame(0x80, "a"), Errc::kWsProtocol, "880203ea"},
      {"message within a message", two_starts, Errc::kWsProtocol, "880203ea"},
      {"fragmented ping", client_frame(0x09, "a"), Errc::kWsProtocol, "880203ea"},
      {"long ping", client_frame(0x89, std::string(126, 'a')), Errc::kWsProtocol, "880203ea"},
      {"close code 1005", client_frame(0x88, "\x03\xed"), Errc::kWsProtocol, "880203ea"},
      {"close with one byte", client_frame(0x88, "a"), Errc::kWsProtocol, "880203ea"},
      {"text not UTF-8", client_frame(0x81, "\xff"), Errc::kWsBadText, "880203ef"},
      {"too big", client_frame(0x82, std::string(1001, 'a')), Errc::kWsTooBig, "880203f1"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    open({.max_message_bytes = 1000});
    server_->send(WsOpcode::kBinary, as_bytes("queued and dropped"));
    peer_sends(each.bytes);
    while (peer_->has_pending()) peer_reads();
    EXPECT_EQ(run(read_failure(*server_)), each.error);
    EXPECT_FALSE(server_->is_open());
    const auto sent = to_hex(as_bytes(peer_reads()));
    EXPECT_TRUE(sent.ends_with(each.close_hex)) << sent;
  }
}

TEST_F(WebSocketTest, FragmentsTogetherObeyTheLimit) {
  open({.max_message_bytes = 10});
  peer_sends(client_frame(0x02, "123456"));
  peer_sends(client_frame(0x00, "7890"));
  peer_sends(client_frame(0x80, "1"));
  EXPECT_EQ(run(read_failure(*server_)), Errc::kWsTooBig);
}

TEST_F(WebSocketTest, GathersWhatIsSentInOneTurn) {
  open({}, 1 << 20);
  const std::string kilobyte(1020, 'x');
  for (int i = 0; i < 100; ++i) server_->send(WsOpcode::kBinary, as_bytes(kilobyte));
  std::size_t total = 0;
  while (total < 100 * 1024) total += peer_reads(1 << 20).size();
  EXPECT_EQ(total, 100U * 1024);
  EXPECT_EQ(ours_->steps(), 2U);
  EXPECT_GT(ours_->largest_write(), 60U * 1024);
  EXPECT_LE(ours_->largest_write(), 64U * 1024);
}

TEST_F(WebSocketTest, Trap21_ControlFramesOvertakeQueuedData) {
  open({}, 4096);
  // The first batch blocks in the transport, the second waits behind it.
  for (int i = 0; i < 2; ++i) server_->send(WsOpcode::kBinary, as_bytes(std::string(60 * 1024, 'd')));
  peer_sends(client_frame(0x89, "first"));
  peer_sends(client_frame(0x89, "latest"));
  next();
  next();
  server_->send(WsOpcode::kPing, as_bytes("ours"));
  WsInbox inbox(WsRole::kClient, 1 << 20);
  std::vector<std::string> order;
  while (order.size() < 4) {
    const auto space = inbox.space();
    inbox.received(run(peer_->read_some(space)));
    for (;;) {
      const auto message = inbox.next();
      ASSERT_TRUE(message);
      if (!*message) break;
      order.emplace_back((*message)->opcode == WsOpcode::kBinary ? "data" : as_text((*message)->payload));
    }
  }
  EXPECT_EQ(order, (std::vector<std::string>{"data", "ours", "latest", "data"}));
}

TEST_F(WebSocketTest, APingBehindDataStaysBehindIt) {
  open();
  server_->send(WsOpcode::kBinary, as_bytes("data"));
  server_->ping_behind(as_bytes("well?"));
  server_->send(WsOpcode::kBinary, as_bytes("more"));
  EXPECT_EQ(to_hex(as_bytes(peer_reads())), "820464617461890577656c6c3f82046d6f7265");
}

TEST_F(WebSocketTest, ANudgeEndsAWaitForProgress) {
  open();
  const auto wait = [](WebSocket& socket) -> awaitable<void> {
    // Runs once this coroutine waits.
    asio::post(socket.executor(), [&socket] { socket.nudge(); });
    co_await socket.progress();
  };
  run(wait(*server_));
}

/// A message of a client's, read by one server and forwarded to another whose transport takes `at_once` bytes
/// at first.
class Forwarding : public WebSocketTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(Forwarding, IsTheSameHoweverMuchLeavesAtOnce) {
  open();
  auto [near, far] = PipeStream::make_pair(context_.get_executor(), 256 * 1024);
  near->take_at_once(GetParam());
  WebSocket to(std::move(near), WsRole::kServer);
  WebSocket reader(std::move(far), WsRole::kClient);
  for (const std::size_t size :
       {std::size_t{10}, std::size_t{16 * 1024}, std::size_t{60'000}, std::size_t{20'000}}) {
    const std::string payload(size, static_cast<char>('a' + size % 26));
    peer_sends(client_frame(0x82, payload));
    const auto forward = [](WebSocket& from, WebSocket& into) -> awaitable<void> {
      const auto message = co_await from.read();
      into.forward(from, message);
    };
    run(forward(*server_, to));
    EXPECT_EQ(run(receive(reader)), binary(payload));
  }
}

INSTANTIATE_TEST_SUITE_P(AtOnce, Forwarding, ::testing::Values(0, 1, 4, 5, 20'000, 90'000, 1'000'000));

TEST_F(WebSocketTest, WhatWaitsGoesBeforeWhatIsForwarded) {
  open();
  auto [near, far] = PipeStream::make_pair(context_.get_executor(), 256 * 1024);
  near->take_at_once(1'000'000);
  WebSocket to(std::move(near), WsRole::kServer);
  WebSocket reader(std::move(far), WsRole::kClient);
  to.send(WsOpcode::kBinary, as_bytes("first"));
  const std::string payload(30'000, 'x');
  peer_sends(client_frame(0x82, payload));
  const auto forward = [](WebSocket& from, WebSocket& into) -> awaitable<void> {
    const auto message = co_await from.read();
    into.forward(from, message);
    into.send(WsOpcode::kBinary, as_bytes("last"));
  };
  run(forward(*server_, to));
  EXPECT_EQ(run(receive(reader)), binary("first"));
  EXPECT_EQ(run(receive(reader)), binary(payload));
  EXPECT_EQ(run(receive(reader)), binary("last"));
}

TEST_F(WebSocketTest, APingFloodWithoutReadingGrowsNothing) {
  open({}, 2048);
  server_->send(WsOpcode::kBinary, as_bytes(std::string(8 * 1024, 'd')));
  const auto before = server_->queued_bytes();
  for (int i = 0; i < 10'000; ++i) {
    peer_sends(client_frame(0x89, std::string(125, 'p')));
    next();
  }
  EXPECT_LE(server_->queued_bytes(), before + 127);
}

awaitable<void> produce(WebSocket& socket, std::size_t limit, std::size_t& largest) {
  for (int i = 0; i < 200; ++i) {
    co_await socket.room(limit);
    socket.send(WsOpcode::kBinary, as_bytes(std::string(10'000, 'x')));
    largest = std::max(largest, socket.queued_bytes());
  }
}

TEST_F(WebSocketTest, RoomHoldsBackTheProducerOfASlowReader) {
  open({}, 4096);
  std::size_t largest = 0;
  bool done = false;
  asio::co_spawn(context_, produce(*server_, 100'000, largest),
                 [&](const std::exception_ptr&) { done = true; });
  std::size_t total = 0;
  context_.poll();
  EXPECT_FALSE(done);
  EXPECT_GE(server_->queued_bytes(), 100'000U);
  while (total < 200 * 10'004) {
    total += peer_reads().size();
    context_.poll();
  }
  EXPECT_TRUE(done);
  EXPECT_LE(largest, 100'000U + 10'014);
  EXPECT_EQ(server_->queued_bytes(), 0U);
}

TEST_F(WebSocketTest, RoomReturnsWhenTheConnectionEnds) {
  open({}, 16);
  server_->send(WsOpcode::kBinary, as_bytes(std::string(1000, 'x')));
  bool done = false;
  asio::co_spawn(context_, server_->room(1), [&](const std::exception_ptr& failure) { done = !failure; });
  context_.poll();
  EXPECT_FALSE(done);
  server_->close();
  context_.restart();
  context_.poll();
  EXPECT_TRUE(done);
}

TEST_F(WebSocketTest, RoomHonoursCancellation) {
  open({}, 16);
  server_->send(WsOpcode::kBinary, as_bytes(std::string(1000, 'x')));
  auto wait = with_timeout(server_->room(1), std::chrono::milliseconds(1));
  try {
    run(std::move(wait));
    ADD_FAILURE() << "there was room";
  } catch (const system_error& error) {
    EXPECT_EQ(error.code(), asio::error::timed_out);
  }
}

TEST_F(WebSocketTest, MayBeDestroyedWithAReadAndAWritePending) {
  open({}, 16);
  server_->send(WsOpcode::kBinary, as_bytes(std::string(1000, 'x')));
  boost::system::error_code code;
  asio::co_spawn(context_, server_->read(),
                 [&](const std::exception_ptr& failure, const WebSocket::Message&) {
                   try {
                     std::rethrow_exception(failure);
                   } catch (const system_error& error) {
                     code = error.code();
                   }
                 });
  context_.poll();
  server_.reset();
  context_.restart();
  context_.run();
  EXPECT_EQ(code, asio::error::operation_aborted);
}

TEST_F(WebSocketTest, AFailedWriteEndsTheRead) {
  open();
  ours_->fail_at(0);  // the read has not got beyond waiting
  boost::system::error_code code;
  asio::co_spawn(context_, read_failure(*server_),
                 [&](const std::exception_ptr&, boost::system::error_code result) { code = result; });
  context_.poll();
  server_->send(WsOpcode::kBinary, as_bytes("x"));
  context_.restart();
  context_.run();
  EXPECT_FALSE(server_->is_open());
  EXPECT_TRUE(code);
}

TEST_F(WebSocketTest, ShutdownSendLeavesAfterTheQueueAndGoesOnReading) {
  open();
  server_->send(WsOpcode::kBinary, as_bytes("last"));
  server_->shutdown_send();
  EXPECT_EQ(peer_reads().size(), 6U);
  EXPECT_EQ(peer_reads(), "");
  peer_sends(client_frame(0x82, "still heard"));
  EXPECT_EQ(next(), binary("still heard"));
}

TEST_F(WebSocketTest, ACloseOfOursGoesBehindTheDataBeforeIt) {
  open();
  server_->send(WsOpcode::kBinary, as_bytes("data"));
  const std::array<std::uint8_t, 2> code = {0x03, 0xE8};
  server_->send(WsOpcode::kClose, code);
  server_->send(WsOpcode::kBinary, as_bytes("never sent"));
  EXPECT_EQ(to_hex(as_bytes(peer_reads())), "820464617461880203e8");
}

/// One end of the simulation: sends its messages with pings between them and collects what comes.
awaitable<void> exchange_send(WebSocket& socket, std::vector<Received> messages) {
  for (const auto& message : messages) {
    co_await socket.room(20'000);
    socket.send(message.opcode, as_bytes(message.payload));
    socket.send(WsOpcode::kPing, as_bytes("ping"));
  }
}

awaitable<void> exchange_receive(WebSocket& socket, std::size_t count, std::vector<Received>& into) {
  while (into.size() < count) {
    auto message = co_await receive(socket);
    if (message.opcode == WsOpcode::kText || message.opcode == WsOpcode::kBinary)
      into.push_back(std::move(message));
  }
}

TEST(WebSocketSimulation, EndsAgreeHoweverTheBytesAreCut) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    asio::io_context context;
    auto [a, b] = PipeStream::make_pair(context.get_executor(), 1 + random() % 20'000);
    a->cut_reads(1 + random() % 5'000, seed);
    b->cut_reads(1 + random() % 50, seed);
    WebSocket server(std::move(a), WsRole::kServer);
    WebSocket client(std::move(b), WsRole::kClient);
    const auto messages = [&] {
      std::vector<Received> list;
      for (int i = 0; i < 30; ++i) {
        const auto size = random() % 4 == 0 ? random() % 70'000 : random() % 300;
        std::string payload(size, '\0');
        for (char& c : payload) c = static_cast<char>(random() % 128);
        list.push_back(random() % 2 == 0 ? text(payload) : binary(payload));
      }
      return list;
    };
    const auto to_client = messages();
    const auto to_server = messages();
    std::vector<Received> at_client;
    std::vector<Received> at_server;
    asio::co_spawn(context, exchange_send(server, to_client), asio::detached);
    asio::co_spawn(context, exchange_send(client, to_server), asio::detached);
    asio::co_spawn(context, exchange_receive(server, to_server.size(), at_server), asio::detached);
    testing::run(context, exchange_receive(client, to_client.size(), at_client));
    context.restart();
    while (at_server.size() < to_server.size() && context.run_one() > 0) {
    }
    EXPECT_EQ(at_client, to_client);
    EXPECT_EQ(at_server, to_server);
  }
}

TEST(WebSocketSimulation, EachFailingStepEndsBothEnds) {
  for (std::size_t step = 0; step < 8; ++step) {
    SCOPED_TRACE(step);
    asio::io_context context;
    auto [a, b] = PipeStream::make_pair(context.get_executor(), 64);
    a->fail_at(step);
    WebSocket server(std::move(a), WsRole::kServer);
    WebSocket client(std::move(b), WsRole::kClient);
    for (int i = 0; i < 5; ++i) {
      server.send(WsOpcode::kBinary, as_bytes(std::string(100, 's')));
      client.send(WsOpcode::kBinary, as_bytes(std::string(100, 'c')));
    }
    boost::system::error_code at_client;
    asio::co_spawn(context, read_failure(client),
                   [&](const std::exception_ptr&, boost::system::error_code code) { at_client = code; });
    const auto at_server = testing::run(context, read_failure(server));
    EXPECT_TRUE(at_server);
    context.restart();
    context.run();
    EXPECT_TRUE(at_client);
  }
}

TEST(WsInbox, HoldsNoMemoryWhenIdleAndGrowsWithWhatArrived) {
  WsInbox inbox(WsRole::kClient, 4 * 1024 * 1024);
  EXPECT_EQ(inbox.capacity(), 0U);
  // A header that promises 4 MiB brings no more than the first chunk.
  const auto header = from_hex("827f0000000000400000").value();
  auto space = inbox.space();
  std::copy(header.begin(), header.end(), space.begin());
  inbox.received(header.size());
  ASSERT_TRUE(inbox.next());
  inbox.space();
  EXPECT_LE(inbox.capacity(), 32U * 1024);

  WsInbox idle(WsRole::kClient, 1 << 20);
  const auto hello = from_hex("810548656c6c6f").value();
  space = idle.space();
  std::copy(hello.begin(), hello.end(), space.begin());
  idle.received(hello.size());
  ASSERT_TRUE(idle.next()->has_value());
  EXPECT_FALSE(idle.empty());
  EXPECT_FALSE(idle.next()->has_value());
  ASSERT_TRUE(idle.empty());
  idle.release();
  EXPECT_EQ(idle.capacity(), 0U);
}

TEST(WsInbox, SurvivesEveryFlippedBitAndTruncation) {
  Bytes bytes = client_frame(0x01, "fragment ");
  for (const auto& frame :
       {client_frame(0x89, "ping"), client_frame(0x80, "end"), client_frame(0x88, "\x03\xe8")}) {
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  const auto count = [](const Bytes& input) {
    WsInbox inbox(WsRole::kServer, 64, input);
    int frames = 0;
    for (;;) {
      const auto message = inbox.next();
      if (!message || !*message) return frames;
      EXPECT_LE((*message)->payload.size(), 64U);
      ++frames;
    }
  };
  EXPECT_EQ(count(bytes), 3);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_LT(count({bytes.begin(), bytes.begin() + size}), 3);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_LE(count(flipped), 4);
  }
}

}  // namespace
}  // namespace postern::net
