#include "load/node.h"

#include "agent/keep_alive.h"
#include "agent/spawn.h"
#include "base/uuid.h"
#include "wire/messages.h"

namespace postern::bench {
namespace {

constexpr std::chrono::seconds kPromptLimit{60};

}  // namespace

Node::Node(boost::asio::any_io_executor executor, agent::Service service, const aws::NodeKey& key,
           std::function<void(const std::string&)> on_session)
    : executor_(std::move(executor)),
      service_(std::move(service)),
      key_(key),
      on_session_(std::move(on_session)) {}

net::awaitable<void> Node::connect(Activation activation) {
  state_.fingerprint = Uuid::random().to_string();
  agent::RegisterManagedInstanceRequest request;
  request.activation_id = activation.id;
  request.activation_code = activation.code;
  request.fingerprint = state_.fingerprint;
  request.public_key = key_.public_key_base64();

  // All over one connection, which the control channel keeps.
  const auto client = co_await agent::connect(service_);
  const auto body = co_await agent::call_ssm(*client, "RegisterManagedInstance", encode_json_text(request),
                                             agent::sign_anonymously());
  state_.node_id = decode_json_text<agent::RegisterManagedInstanceResponse>(body).value().instance_id;
  role_token_ = co_await agent::request_role_token(*client, service_, state_, key_);

  const auto sign = agent::sign_with(service_, role_token_.credentials(), "ssmmessages");
  const auto path = "/v1/control-channel/" + state_.node_id;
  wire::OpenControlChannel opening;
  opening.token_value =
      co_await agent::create_channel(*client, path, agent::create_control_channel_body(), sign);
  opening.request_id = Uuid::random().to_string();
  opening.agent_version = agent::kAgentVersion;
  opening.platform_type = "linux";
  opening.sessions.emplace();
  socket_ = co_await agent::open_channel(*client, path + "?role=subscribe&stream=input", sign);
  const Secret text(encode_json_text(opening));
  socket_->send(net::WsOpcode::kText, as_bytes(text.reveal()));
  agent::spawn(executor_, "keep_alive", agent::keep_alive(socket_));
}

net::awaitable<void> Node::serve() {
  for (;;) {
    const auto message = co_await socket_->read();
    if (message.opcode == net::WsOpcode::kBinary) receive(message.payload);
  }
}

void Node::receive(ByteView bytes) {
  const auto message = wire::parse(bytes);
  if (!message || message->header.type != wire::MessageType::kInteractiveShell) return;
  const auto shell = decode_json_text<wire::InteractiveShell>(as_text(message->payload));
  if (!shell) return;
  auto start = decode_json_text<wire::SessionStart>(shell->content);
  if (!start) return;
  agent::ChannelDriver::Options options;
  options.session_id = start->session_id;
  options.node_id = state_.node_id;
  options.first_token = std::move(start->data_channel_token);
  auto& driver = sessions_.emplace_back(executor_, service_, std::move(options), role_token_);
  agent::spawn(executor_, "session", hold_session(driver, start->session_id));
}

net::awaitable<void> Node::hold_session(agent::ChannelDriver& driver, std::string session_id) {
  driver.start();
  driver.send(wire::PayloadType::kOutput, as_bytes("$ "));
  co_await driver.drain(kPromptLimit, kPromptLimit);
  if (driver.unacknowledged_bytes() == 0 && driver.ended().empty()) on_session_(session_id);
}

}  // namespace postern::bench
