#include "net/http_server.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "net/error.h"
#include "net/http_client.h"
#include "net/runtime.h"
#include "net/socket_stream.h"
#include "net/testing/certificate.h"
#include "net/testing/run.h"
#include "net/timeout.h"

namespace postern::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::system_error;
using namespace std::chrono_literals;

const testing::Certificate& server_certificate() {
  static const auto certificate = testing::make_self_signed({"localhost", "127.0.0.1"});
  return certificate;
}

const std::string& ca_file() {
  static const auto path = testing::write_temporary_file(server_certificate().certificate_pem);
  return path;
}

awaitable<void> echo_messages(std::unique_ptr<WebSocket> socket) {
  for (;;) {
    const auto message = co_await socket->read();
    if (message.opcode == WsOpcode::kClose) co_return;
    if (message.opcode != WsOpcode::kText && message.opcode != WsOpcode::kBinary) continue;
    socket->send(message.opcode, message.payload);
    co_await socket->room(64 * 1024);
  }
}

/// Answers with what was asked; `/throw` throws, `/refuse` refuses an upgrade.
class Echo final : public HttpHandler {
 public:
  explicit Echo(asio::any_io_executor home) : home_(std::move(home)) {}

  awaitable<Response> handle(Request request) override {
    if (request.path() == "/throw") throw std::runtime_error("broken");
    Response response;
    response.body = request.method + ' ' + request.target + ' ' + request.peer_address + ' ' + request.body;
    co_return response;
  }

  awaitable<std::variant<Response, AcceptUpgrade>> upgrade(Request request) override {
    std::variant<Response, AcceptUpgrade> result;
    if (request.path() == "/refuse") {
      Response response;
      response.status = 403;
      response.body = "not you";
      result = std::move(response);
    } else {
      AcceptUpgrade accept;
      accept.home = home_;
      accept.run = echo_messages;
      result = std::move(accept);
    }
    co_return result;
  }

 private:
  asio::any_io_executor home_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { ignore_sigpipe(); }

  void start(HttpServerOptions options = {}) {
    server_ = std::make_unique<HttpServer>(context_.get_executor(), "127.0.0.1", 0, tls_, handler_, options);
  }

  Url url(const std::string& scheme = "https", const std::string& host = "localhost") const {
    return Url::parse(scheme + "://" + host + ':' + std::to_string(server_->port())).value();
  }

  template <class T>
  T run(awaitable<T> op) {
    return testing::run(context_, std::move(op));
  }

  /// Sends raw bytes over TLS and reads until the server closes.
  std::string raw(std::string text) { return run(raw_exchange(url(), &trust_, std::move(text))); }

  static awaitable<std::string> raw_exchange(Url url, const TlsClientContext* trust, std::string text) {
    auto stream = co_await dial(url, {.tls = trust});
    co_await stream->write_all(as_bytes(text));
    std::string answer;
    Bytes buffer(4096);
    for (;;) {
      const auto size = co_await stream->read_some(buffer);
      if (size == 0) co_return answer;
      answer += as_text(ByteView(buffer).first(size));
    }
  }

  static Request get(std::string target) {
    Request request;
    request.method = "GET";
    request.target = std::move(target);
    return request;
  }

  std::string dial_failure(Url to, const TlsClientContext& trust) {
    try {
      run(dial(std::move(to), {.tls = &trust}));
    } catch (const system_error& error) {
      return error.what();
    }
    return "connected";
  }

  asio::io_context context_;
  TlsServerContext tls_{server_certificate().certificate_pem, server_certificate().key_pem};
  TlsClientContext trust_{ca_file()};
  Echo handler_{context_.get_executor()};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesSeveralRequestsOnOneConnection) {
  start();
  auto client = run(HttpClient::connect(url(), {.tls = &trust_}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(client->send(get("/" + std::to_string(i)))).body,
              "GET /" + std::to_string(i) + " 127.0.0.1 ");
    EXPECT_TRUE(client->reusable());
  }
  auto big = get("/big");
  big.method = "POST";
  big.body = std::string(1'000'000, 'b');
  EXPECT_EQ(run(client->send(big)).body.size(), 1'000'000 + std::string("POST /big 127.0.0.1 ").size());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  const auto answer = raw(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto first = answer.find("GET /1");
  const auto second = answer.find("POST /2 127.0.0.1 abc");
  const auto third = answer.find("GET /3");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(HttpServerTest, RefusesWithTheRightStatus) {
  start({.max_header_bytes = 1000, .max_body_bytes = 1000});
  struct Case {
    std::string request;
    const char* status;
  };
  const std::string upgrade = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  const Case cases[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", "HTTP/1.1 431 "},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
       "HTTP/1.1 413 "},
      {"GET /throw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 500 "},
      {"GET / HTTP/1.1\r\n" + upgrade + "Connection: close\r\n\r\n", "HTTP/1.1 426 "},
      {"GET / HTTP/1.1\r\n" + upgrade +
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\nConnection: "
           "close\r\n\r\n",
       "HTTP/1.1 400 "},
      {"POST / HTTP/1.1\r\n" + upgrade + "Content-Length: 0\r\nConnection: close\r\n\r\n", "HTTP/1.1 400 "},
  };
  for (const auto& each : cases) {
    const auto answer = raw(each.request);
    EXPECT_TRUE(answer.starts_with(each.status)) << each.request.substr(0, 60) << " gave " << answer;
  }
}

TEST_F(HttpServerTest, SaysContinueBeforeTheBody) {
  start();
  const auto answer =
      raw("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: "
          "close\r\n\r\nabc");
  // The body was there already, so there is nothing to ask for.
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  run([](Url to, const TlsClientContext* trust) -> awaitable<void> {
    auto stream = co_await dial(to, {.tls = trust});
    co_await stream->write_all(
        as_bytes("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    Bytes buffer(4096);
    const auto size = co_await stream->read_some(buffer);
    EXPECT_EQ(as_text(ByteView(buffer).first(size)), "HTTP/1.1 100 Continue\r\n\r\n");
    co_await stream->write_all(as_bytes("abc"));
    const auto more = co_await stream->read_some(buffer);
    EXPECT_TRUE(as_text(ByteView(buffer).first(more)).starts_with("HTTP/1.1 200 "));
  }(url(), &trust_));
}

TEST_F(HttpServerTest, EndsSlowAndIdleConnections) {
  start({.request_timeout = 300ms, .idle_timeout = 200ms});
  EXPECT_TRUE(raw("GET / HTTP/1.1\r\nHost:").starts_with("HTTP/1.1 408 "));
  const auto begin = std::chrono::steady_clock::now();
  try {
    EXPECT_EQ(raw(""), "");
  } catch (const system_error&) {
    // Without a request there is nobody to be polite to.
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(HttpServerTest, TellsPlainHttpThatTlsIsNeeded) {
  start();
  auto client = run(HttpClient::connect(url("http"), {}));
  const auto response = run(client->send(get("/")));
  EXPECT_EQ(response.status, 400U);
  EXPECT_NE(response.body.find("HTTPS"), std::string::npos);
  EXPECT_FALSE(client->reusable());
}

TEST_F(HttpServerTest, HasAMostOfConnections) {
  start({.max_connections = 1});
  auto first = run(HttpClient::connect(url(), {.tls = &trust_}));
  EXPECT_EQ(run(first->send(get("/"))).status, 200U);
  EXPECT_NE(dial_failure(url(), trust_), "connected");
  EXPECT_EQ(run(first->send(get("/"))).status, 200U);
}

TEST_F(HttpServerTest, StopsWithIdleConnectionsOpen) {
  start();
  auto client = run(HttpClient::connect(url(), {.tls = &trust_}));
  EXPECT_EQ(run(client->send(get("/"))).status, 200U);
  const auto begin = std::chrono::steady_clock::now();
  run(server_->stop(10s));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_THROW(run(client->send(get("/"))), system_error);
}

TEST_F(HttpServerTest, UpgradesAConnectionThatHasServedARequest) {
  start();
  auto client = run(HttpClient::connect(url("wss"), {.tls = &trust_}));
  EXPECT_EQ(run(client->send(get("/"))).status, 200U);
  auto socket = run(client->upgrade("/channel", {}));
  EXPECT_FALSE(client->reusable());
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 1'000'000U}) {
    const std::string payload(size, 'p');
    socket->send(WsOpcode::kBinary, as_bytes(payload));
    const auto message = run(socket->read());
    EXPECT_EQ(as_text(message.payload), payload);
  }
}

TEST_F(HttpServerTest, ARefusedUpgradeCarriesTheResponse) {
  start();
  auto client = run(HttpClient::connect(url(), {.tls = &trust_}));
  try {
    run(client->upgrade("/refuse", {}));
    ADD_FAILURE() << "accepted";
  } catch (const UpgradeRefused& refused) {
    EXPECT_EQ(refused.response().status, 403U);
    EXPECT_EQ(refused.response().body, "not you");
  }
  EXPECT_FALSE(client->reusable());
}

TEST_F(HttpServerTest, IsRefusedByAClientThatDoesNotTrustIt) {
  start();
  const auto other = testing::make_self_signed({"localhost"});
  const TlsClientContext stranger(testing::write_temporary_file(other.certificate_pem));
  const auto what = dial_failure(url(), stranger);
  EXPECT_TRUE(what.starts_with("connect to localhost:" + std::to_string(server_->port()) +
                               ": TLS: certificate verify failed: "))
      << what;
  const auto by_address = dial_failure(url("https", "127.0.0.1"), trust_);
  EXPECT_EQ(by_address, "connected");
  const auto wrong_name = dial_failure(url("https", "127.0.0.2"), trust_);
  EXPECT_NE(wrong_name, "connected");
}

TEST_F(HttpServerTest, IsRefusedUnderAnotherName) {
  const auto certificate = testing::make_self_signed({"elsewhere.example"});
  const TlsServerContext tls(certificate.certificate_pem, certificate.key_pem);
  const TlsClientContext trust(testing::write_temporary_file(certificate.certificate_pem));
  const HttpServer server(context_.get_executor(), "127.0.0.1", 0, tls, handler_);
  const auto port = std::to_string(server.port());
  EXPECT_NE(dial_failure(Url::parse("https://localhost:" + port).value(), trust).find("hostname mismatch"),
            std::string::npos);
  EXPECT_NE(dial_failure(Url::parse("https://127.0.0.1:" + port).value(), trust).find("IP address mismatch"),
            std::string::npos);
}

TEST_F(HttpServerTest, RefusedConnectionsNameTheHost) {
  start();
  const auto to = url();
  server_.reset();
  context_.restart();
  context_.poll();
  EXPECT_EQ(dial_failure(to, trust_),
            "connect to localhost:" + std::to_string(to.port) + ": Connection refused");
}

/// Takes one CONNECT, answers `status` and passes bytes on to where `to` says.
awaitable<void> pass_on(SocketStream* from, SocketStream* to) {
  Bytes buffer(4096);
  for (;;) {
    const auto size = co_await from->read_some(buffer);
    if (size == 0) co_return;
    co_await to->write_all(ByteView(buffer).first(size));
  }
}

awaitable<void> proxy_once(tcp::acceptor& acceptor, std::uint16_t port, std::string status,
                           std::string& request) {
  auto socket = co_await acceptor.async_accept(asio::use_awaitable);
  co_await asio::async_read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", asio::use_awaitable);
  const auto answer = "HTTP/1.1 " + status + "\r\n\r\n";
  co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
  if (!status.starts_with("200")) co_return;
  tcp::socket onward(acceptor.get_executor());
  const tcp::endpoint target(asio::ip::address_v4::loopback(), port);
  co_await onward.async_connect(target, asio::use_awaitable);
  TcpStream near(std::move(socket));
  TcpStream far(std::move(onward));
  auto there = pass_on(&near, &far);
  asio::co_spawn(acceptor.get_executor(), std::move(there),
                 [&far](const std::exception_ptr&) { far.close(); });
  try {
    co_await pass_on(&far, &near);
  } catch (const system_error&) {
    // Either side may end it.
  }
}

class ProxyTest : public HttpServerTest {
 protected:
  ProxyTest() : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  ~ProxyTest() override {
    ::unsetenv("https_proxy");
    acceptor_.close();
  }

  void start_proxy(const std::string& status) {
    const auto port = std::to_string(acceptor_.local_endpoint().port());
    ::setenv("https_proxy", ("http://me:secret@127.0.0.1:" + port).c_str(), 1);
    asio::co_spawn(context_, proxy_once(acceptor_, server_->port(), status, request_),
                   [](const std::exception_ptr&) {});
  }

  tcp::acceptor acceptor_;
  std::string request_;
};

TEST_F(ProxyTest, IsUsedWithConnect) {
  const auto certificate = testing::make_self_signed({"ssm.example"});
  const TlsServerContext tls(certificate.certificate_pem, certificate.key_pem);
  const TlsClientContext trust(testing::write_temporary_file(certificate.certificate_pem));
  server_ = std::make_unique<HttpServer>(context_.get_executor(), "127.0.0.1", 0, tls, handler_);
  start_proxy("200 Connection established");
  auto client = run(HttpClient::connect(Url::parse("https://ssm.example").value(), {.tls = &trust}));
  EXPECT_EQ(run(client->send(get("/through"))).body, "GET /through 127.0.0.1 ");
  EXPECT_TRUE(request_.starts_with("CONNECT ssm.example:443 HTTP/1.1\r\nHost: ssm.example:443\r\n"))
      << request_;
  EXPECT_NE(request_.find("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), std::string::npos);
  client.reset();
  context_.restart();
  context_.poll();
}

TEST_F(ProxyTest, RefusalIsNamed) {
  start();
  start_proxy("407 Proxy Authentication Required");
  EXPECT_EQ(dial_failure(Url::parse("https://ssm.example").value(), trust_),
            "connect to ssm.example:443: proxy: refused with status 407");
}

// Accepted on one thread, at home on another, the client on a third: what ThreadSanitizer is to look at.
TEST(IoThreads, AnUpgradedConnectionMovesHome) {
  const TlsServerContext tls(server_certificate().certificate_pem, server_certificate().key_pem);
  const TlsClientContext trust(ca_file());
  IoThreads threads(2);
  Echo handler(threads.executor(1));
  HttpServer server(threads.executor(0), "127.0.0.1", 0, tls, handler);
  threads.run();
  asio::io_context context;
  const auto url = Url::parse("wss://localhost:" + std::to_string(server.port())).value();
  for (int i = 0; i < 5; ++i) {
    auto client = testing::run(context, HttpClient::connect(url, {.tls = &trust}));
    auto socket = testing::run(context, client->upgrade("/", {}));
    for (int j = 0; j < 20; ++j) {
      const std::string payload(static_cast<std::size_t>(j) * 5'000, 'p');
      socket->send(WsOpcode::kBinary, as_bytes(payload));
      EXPECT_EQ(testing::run(context, socket->read()).payload.size(), payload.size());
    }
  }
  asio::co_spawn(threads.executor(0), server.stop(5s), asio::use_future).get();
  threads.finish();
  threads.join();
}

}  // namespace
}  // namespace postern::net
