#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/ec2messages/operations.h"

/// The message delivery service as far as an official agent needs it to be content (control-plane.md 3.4): it
/// polls until its control channel has been up for a minute, and there is never a message.
namespace postern::api::ec2messages {
namespace {

// The agent's own limit is 20 s; an answer at once would make it poll every two seconds.
constexpr std::chrono::seconds kHold{15};

struct GetMessagesRequest {
  std::string destination;
  std::string messages_request_id;
};
BOOST_DESCRIBE_STRUCT(GetMessagesRequest, (), (destination, messages_request_id))

struct GetMessagesResponse {
  std::string destination;
  std::vector<std::string> messages;
  std::string messages_request_id;
};
BOOST_DESCRIBE_STRUCT(GetMessagesResponse, (), (destination, messages, messages_request_id))

awaitable<Result<GetMessagesResponse>> get_messages(Call&, GetMessagesRequest in) {
  boost::asio::steady_timer hold(co_await boost::asio::this_coro::executor, kHold);
  co_await hold.async_wait(boost::asio::use_awaitable);
  co_return GetMessagesResponse{in.destination, {}, in.messages_request_id};
}

struct MessageIdRequest {
  std::string message_id;
};
BOOST_DESCRIBE_STRUCT(MessageIdRequest, (), (message_id))

// No message was ever given out, so none can be answered.
awaitable<Result<Empty>> unknown_message(Call&, MessageIdRequest in) {
  static constexpr aws::ErrorCode kInvalidMessageId{"InvalidMessageIdException", 400};
  co_return std::unexpected(kInvalidMessageId("There is no message " + in.message_id + '.'));
}

}  // namespace

void register_operations(Registry& registry) {
  registry.add("ec2messages", "GetMessages",
               json_operation<GetMessagesRequest, GetMessagesResponse>(
                   {.access = on_node("ec2messages:GetMessages", &GetMessagesRequest::destination),
                    .run = get_messages}));
  for (const std::string name : {"AcknowledgeMessage", "DeleteMessage", "FailMessage", "SendReply"}) {
    registry.add("ec2messages", name,
                 json_operation<MessageIdRequest, Empty>(
                     {.access = on_everything("ec2messages:" + name), .run = unknown_message}));
  }
}

}  // namespace postern::api::ec2messages
