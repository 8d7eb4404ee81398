#include "agent/testing/session_fixture.h"

#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include "agent/spawn.h"
#include "net/runtime.h"
#include "net/testing/certificate.h"
#include "wire/extensions.h"

namespace postern::agent::testing {
namespace asio = boost::asio;
namespace {

using SteadyClock = std::chrono::steady_clock;

const net::testing::Certificate& certificate() {
  static const auto made = net::testing::make_self_signed({"127.0.0.1"});
  return made;
}

const net::TlsServerContext& server_tls() {
  static const net::TlsServerContext made(certificate().certificate_pem, certificate().key_pem);
  return made;
}

const std::string& ca_file() {
  static const auto path = net::testing::write_temporary_file(certificate().certificate_pem);
  return path;
}

}  // namespace

SessionClient::SessionClient(asio::io_context& context)
    : context_(context), channel_(channel::End::kClient, {}, clock_), writer_(context.get_executor()) {}

net::awaitable<net::Response> SessionClient::handle(net::Request /*request*/) {
  // The agent has its token and needs no other.
  net::Response response;
  response.status = 404;
  co_return response;
}

net::awaitable<std::variant<net::Response, net::AcceptUpgrade>> SessionClient::upgrade(
    net::Request /*request*/) {
  net::AcceptUpgrade accept;
  accept.home = context_.get_executor();
  accept.run = [this](std::unique_ptr<net::WebSocket> socket) { return serve(std::move(socket)); };
  co_return accept;
}

net::awaitable<void> SessionClient::serve(std::unique_ptr<net::WebSocket> socket) {
  handshake_.emplace(version, supported);
  if (channel::contains(supported, wire::kExtensionBulk)) channel_.allow_bulk();
  socket_ = std::move(socket);
  spawn(context_.get_executor(), "client_writer", write());
  const auto alive = socket_;
  for (;;) {
    const auto message = co_await alive->read();
    if (message.opcode == net::WsOpcode::kText) opening = as_text(message.payload);
    if (message.opcode != net::WsOpcode::kBinary) continue;
    EXPECT_TRUE(channel_.on_message(message.payload, SteadyClock::now()));
    take();
  }
}

void SessionClient::take() {
  while (reading && channel_.front() != nullptr) {
    if (!answering && channel_.front()->type == wire::PayloadType::kHandshakeRequest) break;
    receive(channel_.pop());
  }
  pump();
  writer_.notify();
}

void SessionClient::receive(const channel::Delivery& delivery) {
  const auto step = handshake_->on_delivery(delivery.type, delivery.payload);
  EXPECT_TRUE(step) << step.error();
  if (step->send) channel_.send(step->send->type, as_bytes(step->send->payload));
  if (step->send && channel::contains(handshake_->agreed(), wire::kExtensionBulk)) channel_.use_bulk();
  if (step->consumed) return;
  largest_payload = std::max(largest_payload, delivery.payload.size());
  if (order.empty() || order.back() != delivery.type) order.push_back(delivery.type);
  switch (delivery.type) {
    case wire::PayloadType::kOutput:
      if (on_output) {
        on_output(delivery.payload);
      } else {
        output += as_text(delivery.payload);
      }
      break;
    case wire::PayloadType::kStdErr:
      error += as_text(delivery.payload);
      break;
    case wire::PayloadType::kExitCode:
      exit_code = wire::decode_exit_code(delivery.payload);
      break;
    case wire::PayloadType::kFlag:
      flags.push_back(static_cast<std::uint32_t>(wire::decode_flag(delivery.payload).value()));
      break;
    case wire::PayloadType::kInputCredit:
      credit = wire::decode_input_credit(delivery.payload).value();
      break;
    default:
      ADD_FAILURE() << "payload type " << static_cast<int>(delivery.type);
  }
}

void SessionClient::send(wire::PayloadType type, ByteView payload) {
  channel_.send(type, payload);
  pump();
  writer_.notify();
}

void SessionClient::notify(std::string_view text) {
  socket_->send(net::WsOpcode::kBinary,
                wire::make_session_notice(wire::Stamp::fresh(clock_.now()), "s-1", text));
}

void SessionClient::pump() {
  if (!socket_) return;
  while (const auto message = channel_.poll(SteadyClock::now()))
    socket_->send(net::WsOpcode::kBinary, *message);
}

net::awaitable<void> SessionClient::write() {
  for (;;) {
    pump();
    co_await writer_.wait(channel_.next_wakeup().value_or(SteadyClock::time_point::max()));
  }
}

SessionFixture::SessionFixture() {
  net::ignore_sigpipe();
  server_ = std::make_unique<net::HttpServer>(context.get_executor(), "127.0.0.1", 0, server_tls(), client);
  trust_ = std::make_unique<net::TlsClientContext>(ca_file());
  spawn(context.get_executor(), "reaper", reap());
}

SessionFixture::~SessionFixture() {
  if (kind && !completed) {
    bool stopped = false;
    asio::co_spawn(context, kind->stop(), [&](const std::exception_ptr&) { stopped = true; });
    run_until([&] { return stopped; }, "the session's processes ended");
  }
}

void SessionFixture::start(const std::string& session_type, const std::string& properties,
                           const std::string& inputs) {
  wire::SessionStart message;
  message.session_id = "s-1";
  message.document_content.session_type = session_type;
  message.document_content.properties = boost::json::parse(properties);
  message.document_content.inputs = boost::json::parse(inputs);
  SessionJob job;
  job.denied_addresses = denied_addresses;
  auto made = make_session_kind(context.get_executor(), job, message);
  if (!made) {
    completed = Completion{wire::kTaskFailed, made.error()};
    return;
  }
  kind = std::move(*made);
  ChannelDriver::Options options;
  options.session_id = message.session_id;
  options.node_id = "mi-1";
  options.first_token = Secret("token");
  const auto endpoint = net::Url::parse("https://127.0.0.1:" + std::to_string(server_->port())).value();
  driver.emplace(context.get_executor(), Service{endpoint, "us-east-1", trust_.get(), &clock_},
                 std::move(options), RoleToken{"ASIA", Secret("s"), Secret("t"), {}});
  driver->start();
  spawn(context.get_executor(), "session", run_kind());
}

net::awaitable<void> SessionFixture::run_kind() {
  auto completion = co_await run_session_kind(*kind, *driver);
  co_await driver->drain(std::chrono::seconds(5), std::chrono::seconds(5));
  completed = std::move(completion);
}

net::awaitable<void> SessionFixture::reap() {
  for (;;) {
    co_await signals_.async_wait(asio::use_awaitable);
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (kind) kind->on_child_exit(pid, status);
    }
  }
}

void SessionFixture::run_until(const std::function<bool()>& reached, const char* what) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(20);
  context.restart();
  while (!reached()) {
    if (SteadyClock::now() >= deadline || context.run_one_until(deadline) == 0) {
      FAIL() << what << " never happened; " << completion() << "; output: " << client.output.substr(0, 500);
    }
  }
}

void SessionFixture::run_until_still(const std::function<void()>& work) {
  context.restart();
  do {
    work();
  } while (context.run_one_for(kStill) > 0);
}

void SessionFixture::run_to_completion() {
  run_until([this] { return completed.has_value(); }, "the session's end");
}

std::string SessionFixture::completion() const {
  return completed ? completed->status + ": " + completed->output : "running";
}

}  // namespace postern::agent::testing
