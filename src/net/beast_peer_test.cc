// Beast as an independent peer over loopback TLS: what our frames mean is not for us alone to say.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "net/http_client.h"
#include "net/http_server.h"
#include "net/runtime.h"
#include "net/testing/certificate.h"
#include "net/testing/run.h"

namespace postern::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using BeastSocket = beast::websocket::stream<asio::ssl::stream<tcp::socket>>;

constexpr std::size_t kSizes[] = {0, 1, 125, 126, 127, 4095, 4096, 65535, 65536, 300'000};

std::string payload_of(std::size_t size) {
  std::string payload(size, '\0');
  for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>('a' + i % 23);
  return payload;
}

awaitable<void> echo(std::unique_ptr<WebSocket> socket) {
  for (;;) {
    const auto message = co_await socket->read();
    if (message.opcode != WsOpcode::kText && message.opcode != WsOpcode::kBinary) continue;
    socket->send(message.opcode, message.payload);
  }
}

class EchoHandler final : public HttpHandler {
 public:
  explicit EchoHandler(asio::any_io_executor home) : home_(std::move(home)) {}
  awaitable<Response> handle(Request) override { co_return Response(); }
  awaitable<std::variant<Response, AcceptUpgrade>> upgrade(Request) override {
    AcceptUpgrade accept;
    accept.home = home_;
    accept.run = echo;
    std::variant<Response, AcceptUpgrade> result(std::move(accept));
    co_return result;
  }

 private:
  asio::any_io_executor home_;
};

awaitable<void> beast_client(asio::ssl::context& tls, std::uint16_t port) {
  BeastSocket socket(co_await asio::this_coro::executor, tls);
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  co_await socket.next_layer().next_layer().async_connect(endpoint, asio::use_awaitable);
  co_await socket.next_layer().async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_await socket.async_handshake("localhost", "/", asio::use_awaitable);
  // What the official programs do: longer messages in fragments of 4,096 bytes.
  socket.write_buffer_bytes(4096);
  std::string pong;
  socket.control_callback([&](beast::websocket::frame_type kind, beast::string_view text) {
    if (kind == beast::websocket::frame_type::pong) pong = std::string(text.data(), text.size());
  });
  for (const bool fragment : {false, true}) {
    socket.auto_fragment(fragment);
    for (const auto size : kSizes) {
      const auto payload = payload_of(size);
      socket.binary(size % 2 == 0);
      co_await socket.async_ping("keepalive", asio::use_awaitable);
      co_await socket.async_write(asio::buffer(payload), asio::use_awaitable);
      beast::flat_buffer buffer;
      co_await socket.async_read(buffer, asio::use_awaitable);
      EXPECT_EQ(beast::buffers_to_string(buffer.data()), payload);
      EXPECT_EQ(socket.got_binary(), size % 2 == 0);
      EXPECT_EQ(pong, "keepalive");
    }
  }
  co_await socket.async_close(beast::websocket::close_code::normal, asio::use_awaitable);
  EXPECT_EQ(socket.reason().code, beast::websocket::close_code::normal);
}

TEST(BeastPeer, AsClientOfOurServer) {
  ignore_sigpipe();
  asio::io_context context;
  const auto certificate = testing::make_self_signed({"localhost"});
  const TlsServerContext tls(certificate.certificate_pem, certificate.key_pem);
  EchoHandler handler(context.get_executor());
  const HttpServer server(context.get_executor(), "127.0.0.1", 0, tls, handler);
  asio::ssl::context client_tls(asio::ssl::context::tls_client);
  client_tls.add_certificate_authority(asio::buffer(certificate.certificate_pem));
  client_tls.set_verify_mode(asio::ssl::verify_peer);
  testing::run(context, beast_client(client_tls, server.port()));
}

awaitable<void> beast_server(tcp::acceptor& acceptor, asio::ssl::context& tls) {
  auto accepted = co_await acceptor.async_accept(asio::use_awaitable);
  BeastSocket socket(std::move(accepted), tls);
  co_await socket.next_layer().async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
  co_await socket.async_accept(asio::use_awaitable);
  socket.write_buffer_bytes(4096);
  for (;;) {
    beast::flat_buffer buffer;
    co_await socket.async_read(buffer, asio::use_awaitable);
    socket.binary(socket.got_binary());
    co_await socket.async_write(buffer.data(), asio::use_awaitable);
  }
}

awaitable<void> our_client(std::uint16_t port, const TlsClientContext& trust) {
  auto url = Url::parse("wss://localhost:" + std::to_string(port)).value();
  DialOptions options;
  options.tls = &trust;
  auto client = co_await HttpClient::connect(std::move(url), options);
  auto socket = co_await client->upgrade("/", Headers());
  for (const auto size : kSizes) {
    const auto payload = payload_of(size);
    const auto opcode = size % 2 == 0 ? WsOpcode::kBinary : WsOpcode::kText;
    socket->send(WsOpcode::kPing, as_bytes("keepalive"));
    socket->send(opcode, as_bytes(payload));
    const auto pong = co_await socket->read();
    EXPECT_EQ(pong.opcode, WsOpcode::kPong);
    EXPECT_EQ(as_text(pong.payload), "keepalive");
    const auto message = co_await socket->read();
    EXPECT_EQ(message.opcode, opcode);
    EXPECT_EQ(as_text(message.payload), payload);
  }
  const std::array<std::uint8_t, 2> normal = {0x03, 0xE8};
  socket->send(WsOpcode::kClose, normal);
  const auto answer = co_await socket->read();
  EXPECT_EQ(answer.opcode, WsOpcode::kClose);
}

TEST(BeastPeer, AsServerOfOurClient) {
  ignore_sigpipe();
  asio::io_context context;
  const auto certificate = testing::make_self_signed({"localhost"});
  asio::ssl::context server_tls(asio::ssl::context::tls_server);
  server_tls.use_certificate_chain(asio::buffer(certificate.certificate_pem));
  server_tls.use_private_key(asio::buffer(certificate.key_pem.reveal()), asio::ssl::context::pem);
  const TlsClientContext trust(testing::write_temporary_file(certificate.certificate_pem));
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  asio::co_spawn(context, beast_server(acceptor, server_tls), [](const std::exception_ptr&) {});
  testing::run(context, our_client(acceptor.local_endpoint().port(), trust));
}

}  // namespace
}  // namespace postern::net
