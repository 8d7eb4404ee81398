#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <string>

#include "client/session/session.h"
#include "client/testing/fake_service.h"

namespace postern::client::testing {

/// A session between a fake service and whatever the test makes of it, all on this thread.
class SessionFixture : public ::testing::Test {
 protected:
  void TearDown() override {
    if (session_ && !end_) {
      service_.close_session("");
      service_.run_until([&] { return end_.has_value(); });
    }
  }

  void start(KindFactory factory, Expect expect = Expect::kAnything) {
    session_.emplace(context_.get_executor(), service_.ticket(), service_.settings(), api_, tls_, clock_,
                     std::move(factory), expect);
    boost::asio::co_spawn(context_, session_->run(),
                          [this](const std::exception_ptr& failure, SessionEnd end) {
                            EXPECT_FALSE(failure);
                            end_ = std::move(end);
                          });
    service_.run_until([&] { return !service_.openings.empty(); });
  }

  bool ends() {
    return service_.run_until([&] { return end_.has_value(); });
  }
  /// Flag payloads that the node got.
  std::vector<wire::Flag> flags() const {
    std::vector<wire::Flag> found;
    for (const auto& message : service_.received) {
      if (message.type == wire::PayloadType::kFlag)
        found.push_back(wire::decode_flag(as_bytes(message.payload)).value());
    }
    return found;
  }

  boost::asio::io_context context_{1};
  FakeService service_{context_};
  net::TlsClientContext tls_{service_.settings().ca_bundle};
  SystemClock clock_;
  ApiClient api_{service_.settings(), tls_, clock_};
  std::optional<Session> session_;
  std::optional<SessionEnd> end_;
};

}  // namespace postern::client::testing
