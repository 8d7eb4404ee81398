#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "agent/port/dialer.h"
#include "agent/port/mux_port.h"
#include "agent/port/port_properties.h"
#include "agent/port/raw_port.h"
#include "agent/session_document.h"
#include "agent/session_kind.h"

namespace postern::agent {

/// A session of type Port (data-channel.md 6.4 to 6.7): what the document's `type` and the client's version
/// and extensions make of it.
class PortSession final : public SessionKind {
 public:
  struct Options {
    PortProperties properties;
    /// As they stand in the document: the client is told the texts among them.
    boost::json::value document_properties;
    AddressRules denied;
    SessionInputs inputs;
    std::optional<std::string> run_as_user;
  };
  PortSession(boost::asio::any_io_executor executor, Options options);

  std::optional<HandshakeOffer> handshake() const override;
  ChannelNeeds channel_needs() const override { return ChannelNeeds::kBulk; }
  net::awaitable<Completion> run(ChannelDriver& channel, Agreement agreement) override;
  net::awaitable<void> stop() override { co_return; }

 private:
  std::expected<void, std::string> take_on_user() const;

  boost::asio::any_io_executor executor_;
  Options options_;
  Dialer dialer_;
  std::optional<RawPort> raw_;
  std::optional<MuxPort> mux_;
};

}  // namespace postern::agent
