#include "agent/port/port_session.h"

#include <sys/resource.h>

#include "agent/process/run_as.h"
#include "wire/extensions.h"

namespace postern::agent {
namespace asio = boost::asio;
namespace {

// Nearly all that larger payloads give an official client is had with this one (data-channel.md 8.2).
constexpr std::size_t kOfficialPayloadBytes = 32 * 1024;

// Clients expect texts alone (data-channel.md 6.4); ours knows the lists, since it asked for them.
boost::json::value texts_of(const boost::json::value& properties) {
  boost::json::object texts;
  if (!properties.is_object()) return texts;
  for (const auto& [name, value] : properties.get_object()) {
    if (value.is_string()) texts.emplace(name, value);
  }
  return texts;
}

// Each stream has a descriptor, and a session of this type starts no process that would inherit the limit.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

PortSession::PortSession(asio::any_io_executor executor, Options options)
    : executor_(executor), options_(std::move(options)), dialer_(executor, options_.denied) {}

std::optional<HandshakeOffer> PortSession::handshake() const {
  HandshakeOffer offer{wire::kPort, texts_of(options_.document_properties), {wire::kExtensionBulk}};
  offer.extensions.emplace_back(options_.properties.local_port_forwarding ? wire::kExtensionMuxFlow
                                                                          : wire::kExtensionPortInputEnd);
  return offer;
}

net::awaitable<Completion> PortSession::run(ChannelDriver& channel, Agreement agreement) {
  if (const auto user = take_on_user(); !user) co_return Completion{wire::kTaskFailed, user.error()};
  allow_many_descriptors();
  const auto payload_bytes =
      agreement.has(wire::kExtensionBulk) ? channel::DataChannel::kBulkPayloadBytes : kOfficialPayloadBytes;
  const auto& properties = options_.properties;
  if (agreement.has(wire::kExtensionMuxFlow)) {
    mux_.emplace(executor_, dialer_, properties, channel::MuxDialect::kFlow, payload_bytes);
    co_return co_await mux_->run(channel);
  }
  if (!properties.target) {
    co_return Completion{
        wire::kTaskFailed,
        "The session document has no portNumber, and this client can't choose a destination."};
  }
  if (properties.local_port_forwarding && client_multiplexes(agreement.client_version)) {
    mux_.emplace(executor_, dialer_, properties, channel::MuxDialect::kSmux, payload_bytes);
    co_return co_await mux_->run(channel);
  }
  const auto mode = properties.local_port_forwarding ? RawPortMode::kBasic : RawPortMode::kStdio;
  raw_.emplace(executor_, dialer_, *properties.target, mode, payload_bytes);
  co_return co_await raw_->run(channel);
}

/// What a UNIX socket gives depends on who connects; a TCP port does not. With run-as the whole worker takes
/// on the user, since it needs no more rights than the session has.
std::expected<void, std::string> PortSession::take_on_user() const {
  if (!options_.inputs.run_as_enabled || !options_.properties.destinations.allows_unix()) return {};
  const auto user = session_user(options_.inputs, options_.run_as_user, false);
  if (!user) return std::unexpected(user.error());
  if (!become(*user->identity)) {
    return std::unexpected("The session worker could not become " + user->login.name + '.');
  }
  return {};
}

}  // namespace postern::agent
