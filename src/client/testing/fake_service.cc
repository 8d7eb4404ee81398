#include "client/testing/fake_service.h"

#include <array>
#include <boost/asio/this_coro.hpp>

#include "net/runtime.h"
#include "wire/extensions.h"
#include "wire/messages.h"

namespace postern::client::testing {
namespace {

constexpr const char* kSessionId = "alice-0a1b2c3d4e5f67890";

net::Response json(unsigned status, std::string body) {
  net::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace

FakeService::FakeService(boost::asio::io_context& context)
    : context_(context),
      agent_(channel::End::kAgent, {}, clock_),
      certificate_(net::testing::make_self_signed({"127.0.0.1"})),
      tls_(certificate_.certificate_pem, certificate_.key_pem),
      server_(context.get_executor(), "127.0.0.1", 0, tls_, *this) {
  net::ignore_sigpipe();
  settings_.profile = "default";
  settings_.region = "us-east-1";
  settings_.endpoint_url = "https://127.0.0.1:" + std::to_string(server_.port());
  settings_.ca_bundle = net::testing::write_temporary_file(certificate_.certificate_pem);
  settings_.credentials = aws::Credentials{"AKIDEXAMPLE", Secret("secret"), std::nullopt};
}

FakeService::~FakeService() = default;

SessionTicket FakeService::ticket() const {
  return {kSessionId, Secret("first-token"),
          "wss://127.0.0.1:" + std::to_string(server_.port()) + "/v1/data-channel/" + kSessionId +
              "?role=publish_subscribe"};
}

void FakeService::send(wire::PayloadType type, std::string_view payload) {
  agent_.send(type, as_bytes(payload));
  flush();
}

void FakeService::close_session(std::string_view reason) {
  socket_->send(net::WsOpcode::kBinary,
                wire::make_channel_closed(wire::Stamp::fresh(clock_.now()), "mi-1", kSessionId, reason));
}

void FakeService::cut(std::optional<std::uint16_t> code) {
  if (code) {
    const std::array bytes = {static_cast<std::uint8_t>(*code >> 8), static_cast<std::uint8_t>(*code & 0xff)};
    socket_->send(net::WsOpcode::kClose, bytes, as_bytes("Bye"));
    socket_->flush();
  }
  socket_->close();
  socket_.reset();
}

bool FakeService::run_until(const std::function<bool()>& done, std::chrono::steady_clock::duration limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    context_.restart();
    // Short, because `done` may look at a terminal, about which the context knows nothing.
    context_.run_one_for(std::chrono::milliseconds(5));
    flush();
  }
  return true;
}

std::string FakeService::typed() const {
  std::string text;
  for (const auto& message : received) {
    if (message.type == wire::PayloadType::kOutput) text += message.payload;
  }
  return text;
}

net::awaitable<net::Response> FakeService::handle(net::Request request) {
  std::string operation(request.headers.find("X-Amz-Target").value_or(""));
  operation.erase(0, operation.find('.') + 1);
  calls.push_back(operation);
  bodies.push_back(request.body);
  if (before_answer) before_answer();
  if (!next_answers.empty()) {
    auto answer = std::move(next_answers.front());
    next_answers.erase(next_answers.begin());
    co_return answer;
  }
  SessionGrant grant;
  grant.session_id = kSessionId;
  if (operation != "ResumeSession" || resumable) grant.token_value = Secret("next-token");
  grant.stream_url = ticket().stream_url;
  co_return json(200, encode_json_text(grant));
}

net::awaitable<std::variant<net::Response, net::AcceptUpgrade>> FakeService::upgrade(net::Request) {
  net::AcceptUpgrade accept;
  accept.home = context_.get_executor();
  accept.run = [this](std::unique_ptr<net::WebSocket> socket) { return serve(std::move(socket)); };
  co_return accept;
}

net::awaitable<void> FakeService::serve(std::unique_ptr<net::WebSocket> socket) {
  const std::shared_ptr<net::WebSocket> held = std::move(socket);
  try {
    const auto first = co_await held->read();
    auto opening = decode_json_text<wire::OpenDataChannel>(as_text(first.payload));
    if (!opening) co_return;
    openings.push_back(std::move(*opening));
    if (openings.size() > 1) agent_.on_reconnect();
    socket_ = held;
    flush();
    for (;;) {
      const auto message = co_await held->read();
      if (message.opcode != net::WsOpcode::kBinary) continue;
      static_cast<void>(agent_.on_message(message.payload, std::chrono::steady_clock::now()));
      while (agent_.front() != nullptr) take(agent_.pop());
      flush();
    }
  } catch (const boost::system::system_error&) {
    // The client has gone.
  }
  if (socket_ == held) socket_.reset();
}

void FakeService::take(channel::Delivery delivery) {
  received.push_back({delivery.type, std::string(as_text(delivery.payload))});
  if (handshake_ && !handshake_->complete()) {
    const auto step =
        handshake_->on_delivery(delivery.type, delivery.payload, std::chrono::steady_clock::now());
    if (!step || !*step) return;
    if (channel::contains(handshake_->agreed(), wire::kExtensionBulk)) agent_.use_bulk();
    agent_.send((*step)->type, as_bytes((*step)->payload));
    return;
  }
  // A copy: what it causes may be received, too.
  const auto last = received.back();
  if (on_received) on_received(last);
}

void FakeService::start_handshake(std::string session_type, boost::json::value properties,
                                  channel::Extensions offered, std::string agent_version) {
  if (channel::contains(offered, wire::kExtensionBulk)) agent_.allow_bulk();
  handshake_.emplace(std::move(agent_version), std::move(session_type), std::move(properties),
                     std::move(offered));
  const auto request = handshake_->start(std::chrono::steady_clock::now());
  send(request.type, request.payload);
}

void FakeService::notice(std::string_view text) {
  socket_->send(net::WsOpcode::kBinary,
                wire::make_session_notice(wire::Stamp::fresh(clock_.now()), kSessionId, text));
}

void FakeService::flush() {
  if (!socket_ || !socket_->is_open()) return;
  while (const auto message = agent_.poll(std::chrono::steady_clock::now())) {
    socket_->send(net::WsOpcode::kBinary, *message);
  }
}

}  // namespace postern::client::testing
