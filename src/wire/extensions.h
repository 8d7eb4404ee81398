#pragma once

#include <cstddef>

/// What two of our own ends may agree on beyond AWS's protocol (docs/protocol.md). The agent offers names in
/// HandshakeRequest, the client echoes those that it accepts in HandshakeResponse, and what is not echoed
/// stays off. Official peers ignore the member, so they never notice.
namespace postern::wire {

/// Payloads without digest, acknowledgements of the whole stream, a window of megabytes: see
/// channel::DataChannel::use_bulk.
inline constexpr const char* kExtensionBulk = "bulk";
/// Streams of a multiplexed port with windows of their own, half-close, targets chosen by the opener, and
/// reasons for refused connections: see channel::Mux. Implies kExtensionBulk.
inline constexpr const char* kExtensionMuxFlow = "mux-flow";
/// Input, its end, and signals for NonInteractiveCommands: the client's Output payloads are the command's
/// input, at most kCommandInputWindow bytes beyond what kInputCredit payloads of the agent have confirmed;
/// Flag payloads are kEndOfInput and signals (signal_flag). Implies kExtensionBulk.
inline constexpr const char* kExtensionCommandInput = "command-input";
inline constexpr std::size_t kCommandInputWindow = 256 * 1024;

/// A port joined to the client's standard streams: the client says with kEndOfInput that it sends no more,
/// the agent ends that direction of its connection, and the session goes on until the destination's end.
/// Without it the end of the input is the end of the session.
inline constexpr const char* kExtensionPortInputEnd = "port-input-end";

/// Offered in OpenDataChannel, by either end to the service: it understands `session_notice` messages, a text
/// of the service for the person.
inline constexpr const char* kExtensionNotice = "notice";

}  // namespace postern::wire
