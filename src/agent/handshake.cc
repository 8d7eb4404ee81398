#include "agent/handshake.h"

#include <fmt/ranges.h>

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "wire/extensions.h"

namespace postern::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Official agents begin the text like this (data-channel.md 5.1).
constexpr const char* kFailurePrefix = "Encountered error while initiating handshake. ";

// An official client must be left alone for a moment; one of ours says that it needs no such care.
void complete(ChannelDriver& channel, const channel::AgentHandshake& handshake,
              const channel::Outgoing& message) {
  const auto payload = as_bytes(message.payload);
  if (handshake.agreed().empty()) {
    channel.send_then_hush(message.type, payload, channel::kHushAfterHandshake);
    return;
  }
  if (channel::contains(handshake.agreed(), wire::kExtensionBulk)) channel.use_bulk();
  channel.send(message.type, payload);
}

}  // namespace

net::awaitable<std::expected<Agreement, std::string>> shake_hands(ChannelDriver& channel,
                                                                  HandshakeOffer offer) {
  co_await channel.wait_opened();
  if (channel::contains(offer.extensions, wire::kExtensionBulk)) channel.allow_bulk();
  channel::AgentHandshake handshake(kAgentVersion, std::move(offer.session_type), std::move(offer.properties),
                                    std::move(offer.extensions));
  Signal arrived(boost::asio::any_io_executor(co_await boost::asio::this_coro::executor));
  channel.on_input = [&arrived] { arrived.notify(); };
  const auto request = handshake.start(SteadyClock::now());
  channel.send(request.type, as_bytes(request.payload));
  std::string failure;
  while (!handshake.complete() && failure.empty()) {
    if (channel.front() == nullptr) {
      if (SteadyClock::now() >= handshake.deadline()) failure = channel::AgentHandshake::kTimeoutText;
      if (!channel.ended().empty()) failure = channel.ended();
      if (failure.empty()) co_await arrived.wait(handshake.deadline());
      continue;
    }
    const auto delivery = channel.pop();
    const auto answer = handshake.on_delivery(delivery.type, delivery.payload, SteadyClock::now());
    if (!answer) {
      failure = answer.error();
    } else if (*answer) {
      complete(channel, handshake, **answer);
    }
  }
  channel.on_input = nullptr;
  if (!failure.empty()) co_return std::unexpected(kFailurePrefix + failure);
  log::info("handshake_completed", {{"client_version", handshake.client_version()},
                                    {"extensions", fmt::format("{}", fmt::join(handshake.agreed(), " "))}});
  co_return Agreement{handshake.client_version(), handshake.agreed()};
}

}  // namespace postern::agent
