#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/session_kind.h"
#include "channel/handshake.h"
#include "net/http_server.h"

namespace postern::agent::testing {

/// The other side of a session's data channel: a server that takes the agent's connection and is the client
/// behind it at once.
class SessionClient final : public net::HttpHandler {
 public:
  explicit SessionClient(boost::asio::io_context& context);

  std::string version = "1.2.900.0";
  /// None: it behaves like an official client.
  channel::Extensions supported;
  /// Takes nothing of what arrives while false.
  bool reading = true;
  /// Answers no handshake while false.
  bool answering = true;

  /// Everything received, by kind.
  std::string output;
  std::string error;
  std::vector<std::uint32_t> flags;
  std::optional<int> exit_code;
  std::uint64_t credit = 0;
  /// Payload types in the order of their arrival, each once in a row.
  std::vector<wire::PayloadType> order;
  std::size_t largest_payload = 0;
  /// Instead of adding to `output`.
  std::function<void(ByteView)> on_output;

  void send(wire::PayloadType type, ByteView payload);
  void type(std::string_view text) { send(wire::PayloadType::kOutput, as_bytes(text)); }
  void send_flag(wire::Flag flag) { send(wire::PayloadType::kFlag, wire::encode_flag(flag)); }
  void notify(std::string_view text);
  /// Takes what has arrived while `reading` was false.
  void take();
  bool connected() const { return socket_ != nullptr; }
  const channel::ClientHandshake& handshake() const { return *handshake_; }
  /// The first frame that the agent sent.
  std::string opening;
  bool can_send() const { return channel_.can_send(); }

  net::awaitable<net::Response> handle(net::Request request) override;
  net::awaitable<std::variant<net::Response, net::AcceptUpgrade>> upgrade(net::Request request) override;

 private:
  net::awaitable<void> serve(std::unique_ptr<net::WebSocket> socket);
  net::awaitable<void> write();
  void pump();
  void receive(const channel::Delivery& delivery);

  boost::asio::io_context& context_;
  SystemClock clock_;
  channel::DataChannel channel_;
  std::optional<channel::ClientHandshake> handshake_;
  std::shared_ptr<net::WebSocket> socket_;
  Signal writer_;
};

/// A session of the agent's in this process, from its document to its completion, over a real connection.
class SessionFixture : public ::testing::Test {
 protected:
  SessionFixture();
  ~SessionFixture() override;

  /// Makes and runs a session; texts are JSON. Returns once it runs, or has failed.
  void start(const std::string& session_type, const std::string& properties,
             const std::string& inputs = "{}");
  /// Lets everything run until `reached`; a failure of the test after 20 s.
  void run_until(const std::function<bool()>& reached, const char* what);
  void run_to_completion();
  /// Lets everything run, `work` after each step, until nothing has moved for kStill: back-pressure is there.
  void run_until_still(const std::function<void()>& work);
  static constexpr std::chrono::milliseconds kStill{300};
  /// "Success: " or "Failed: reason".
  std::string completion() const;

  std::vector<std::string> denied_addresses;

  boost::asio::io_context context{1};
  SessionClient client{context};
  std::unique_ptr<SessionKind> kind;
  std::optional<ChannelDriver> driver;
  std::optional<Completion> completed;

 private:
  net::awaitable<void> reap();
  net::awaitable<void> run_kind();

  boost::asio::signal_set signals_{context, SIGCHLD};
  SystemClock clock_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::TlsClientContext> trust_;
};

}  // namespace postern::agent::testing
