#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "channel/data_channel.h"
#include "channel/handshake.h"
#include "client/session/session_link.h"
#include "net/http_server.h"
#include "net/testing/certificate.h"

namespace postern::client::testing {

/// A service and a node in one, on a loopback port of the test's own thread: answers API calls, accepts data
/// channels, and is the agent's end of them. The test says what the node does and looks at what it got.
class FakeService final : public net::HttpHandler {
 public:
  explicit FakeService(boost::asio::io_context& context);
  ~FakeService() override;

  /// Settings and ticket with which a client reaches this service.
  const Settings& settings() const { return settings_; }
  SessionTicket ticket() const;

  /// Sends a stream message or the end of the session to the client.
  void send(wire::PayloadType type, std::string_view payload);
  void output(std::string_view text) { send(wire::PayloadType::kOutput, text); }
  void close_session(std::string_view reason);
  /// The node asks for a session of this type and offers extensions; the rest of the handshake goes by
  /// itself.
  void start_handshake(std::string session_type, boost::json::value properties,
                       channel::Extensions offered = {}, std::string agent_version = "3.3.9999.0");
  bool handshake_over() const { return handshake_ && handshake_->complete(); }
  const channel::AgentHandshake& handshake() const { return *handshake_; }
  void notice(std::string_view text);
  /// Everything that the client was sent has been acknowledged.
  bool all_acknowledged() const { return agent_.all_acknowledged(); }
  /// While false the node takes nothing.
  void set_ready(bool ready) { agent_.set_ready(ready); }
  /// Cuts the connection without a word, or with a Close frame of this code.
  void cut(std::optional<std::uint16_t> code = std::nullopt);

  /// Runs the context until `done` holds; false when it takes too long.
  bool run_until(const std::function<bool()>& done,
                 std::chrono::steady_clock::duration limit = std::chrono::seconds(20));

  struct Received {
    wire::PayloadType type;
    std::string payload;
  };
  std::vector<Received> received;
  /// Called with each of them.
  std::function<void(const Received&)> on_received;
  /// The bodies of calls, in order.
  std::vector<std::string> bodies;
  /// Output payloads, joined: what was typed.
  std::string typed() const;
  /// First frames of the data channels.
  std::vector<wire::OpenDataChannel> openings;
  /// Operations called, in order.
  std::vector<std::string> calls;
  /// Called by each call before it is answered.
  std::function<void()> before_answer;
  /// While false, ResumeSession answers without a token.
  bool resumable = true;
  /// The next answers to any call; when used up, calls succeed.
  std::vector<net::Response> next_answers;

 private:
  net::awaitable<net::Response> handle(net::Request request) override;
  net::awaitable<std::variant<net::Response, net::AcceptUpgrade>> upgrade(net::Request request) override;
  net::awaitable<void> serve(std::unique_ptr<net::WebSocket> socket);
  void take(channel::Delivery delivery);
  void flush();

  boost::asio::io_context& context_;
  SystemClock clock_;
  channel::DataChannel agent_;
  std::optional<channel::AgentHandshake> handshake_;
  std::shared_ptr<net::WebSocket> socket_;
  net::testing::Certificate certificate_;
  net::TlsServerContext tls_;
  net::HttpServer server_;
  Settings settings_;
};

}  // namespace postern::client::testing
