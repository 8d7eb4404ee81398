#include "net/https_fetch.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "net/http_server.h"
#include "net/runtime.h"
#include "net/testing/certificate.h"

namespace postern::net {
namespace {

using boost::asio::awaitable;

class Documents final : public HttpHandler {
 public:
  awaitable<Response> handle(Request request) override {
    Response response;
    if (request.path() == "/slow") {
      boost::asio::steady_timer never(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
      co_await never.async_wait(boost::asio::use_awaitable);
    } else if (request.path() == "/elsewhere") {
      response.status = 302;
      response.headers.add("Location", "/document");
    } else if (request.path() == "/document") {
      response.body = "{}";
    } else if (request.path() == "/big") {
      response.body = std::string(10'000, 'x');
    } else {
      response.status = 404;
    }
    co_return response;
  }
  awaitable<std::variant<Response, AcceptUpgrade>> upgrade(Request) override { co_return Response{}; }
};

/// A server on a thread of its own, since fetching blocks.
class HttpsFetchTest : public ::testing::Test {
 protected:
  HttpsFetchTest() {
    ignore_sigpipe();
    thread_ = std::jthread([this] { context_.run(); });
  }
  ~HttpsFetchTest() override { context_.stop(); }

  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "https://" + host + ':' + std::to_string(server_.port()) + path;
  }
  /// The document, or the error.
  std::string fetch(const std::string& address, HttpsFetchOptions options = {}) {
    if (options.ca_bundle.empty()) options.ca_bundle = ca_file_;
    const auto result = https_fetch(address, options);
    return result ? *result : result.error();
  }

  const testing::Certificate certificate_ = testing::make_self_signed({"127.0.0.1"});
  const std::string ca_file_ = testing::write_temporary_file(certificate_.certificate_pem);
  const TlsServerContext tls_{certificate_.certificate_pem, certificate_.key_pem};
  Documents documents_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  HttpServer server_{context_.get_executor(), "127.0.0.1", 0, tls_, documents_, {}};
  std::jthread thread_;
};

TEST_F(HttpsFetchTest, GetsADocument) {
  EXPECT_EQ(fetch(url("/document")), "{}");
  EXPECT_EQ(fetch(url("/big"), {.max_bytes = 10'000}).size(), 10'000U);
}

TEST_F(HttpsFetchTest, SaysWhatWentWrong) {
  EXPECT_EQ(fetch(url("/missing")), url("/missing") + " answered with status 404");
  EXPECT_EQ(fetch(url("/elsewhere")), url("/elsewhere") + " answered with status 302");
  EXPECT_EQ(fetch(url("/big"), {.max_bytes = 9'999}), url("/big") + " answered more than 9999 bytes");
  EXPECT_NE(fetch(url("/slow"), {.deadline = std::chrono::milliseconds(200)}).find("Timeout"),
            std::string::npos);
  const auto plain = "http://127.0.0.1:" + std::to_string(server_.port()) + "/document";
  EXPECT_EQ(fetch(plain), plain + " is not an https address");
  EXPECT_EQ(fetch("file:///etc/passwd"), "file:///etc/passwd is not an https address");
}

TEST_F(HttpsFetchTest, TrustsNobodyElse) {
  const auto stranger =
      testing::write_temporary_file(testing::make_self_signed({"127.0.0.1"}).certificate_pem);
  EXPECT_NE(fetch(url("/document"), {.ca_bundle = stranger}).find("SSL"), std::string::npos);
  EXPECT_NE(fetch(url("/document", "localhost")).find("SSL"), std::string::npos) << "not in the certificate";
}

}  // namespace
}  // namespace postern::net
