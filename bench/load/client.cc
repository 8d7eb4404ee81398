#include "load/client.h"

#include <boost/asio/this_coro.hpp>
#include <stdexcept>

#include "agent/keep_alive.h"
#include "agent/spawn.h"
#include "base/uuid.h"
#include "wire/messages.h"

namespace postern::bench {
namespace {

struct StartSessionRequest {
  std::string target;
};
BOOST_DESCRIBE_STRUCT(StartSessionRequest, (), (target))

struct StartSessionResponse {
  std::string session_id;
  Secret token_value;
  std::string stream_url;
};
BOOST_DESCRIBE_STRUCT(StartSessionResponse, (), (session_id, token_value, stream_url))

// A version above every gate of agents (data-channel.md 13.1).
constexpr const char* kClientVersion = "1.2.9999.0";

}  // namespace

net::awaitable<void> Client::connect(std::string node_id, aws::Credentials credentials) {
  // As `postern` does it: one connection for the call and then for the channel.
  const auto client = co_await agent::connect(service_);
  const StartSessionRequest request{std::move(node_id)};
  const auto body = co_await agent::call_ssm(*client, "StartSession", encode_json_text(request),
                                             agent::sign_with(service_, credentials, "ssm"));
  auto session = decode_json_text<StartSessionResponse>(body).value();
  const auto url = net::Url::parse(session.stream_url);
  if (!url) throw std::runtime_error("StreamUrl " + session.stream_url + ": " + url.error());
  socket_ = co_await agent::open_channel(*client, url->target, agent::sign_anonymously());
  wire::OpenDataChannel opening;
  opening.request_id = Uuid::random().to_string();
  opening.token_value = std::move(session.token_value);
  opening.client_id = Uuid::random().to_string();
  opening.client_version = kClientVersion;
  const Secret text(encode_json_text(opening));
  socket_->send(net::WsOpcode::kText, as_bytes(text.reveal()));
  agent::spawn(co_await boost::asio::this_coro::executor, "keep_alive", agent::keep_alive(socket_));
}

net::awaitable<void> Client::serve() {
  for (;;) {
    const auto message = co_await socket_->read();
    if (message.opcode != net::WsOpcode::kBinary) continue;
    const auto parsed = wire::parse(message.payload);
    if (!parsed) continue;
    if (parsed->header.type == wire::MessageType::kChannelClosed) {
      throw std::runtime_error("a session was closed: " + std::string(as_text(parsed->payload)));
    }
    if (parsed->header.type != wire::MessageType::kOutputStreamData) continue;
    const auto answer =
        wire::make_acknowledge(wire::Stamp::fresh(service_.clock->now()), parsed->header.type,
                               parsed->header.stamp.message_id, parsed->header.sequence_number);
    socket_->send(net::WsOpcode::kBinary, answer);
  }
}

}  // namespace postern::bench
