#pragma once

/// What two of our own ends may agree on beyond AWS's protocol (docs/protocol.md). The agent offers names in
/// HandshakeRequest, the client echoes those that it accepts in HandshakeResponse, and what is not echoed
/// stays off. Official peers ignore the member, so they never notice.
namespace postern::wire {

/// Payloads without digest, acknowledgements of the whole stream, a window of megabytes: see
/// channel::DataChannel::use_bulk.
inline constexpr const char* kExtensionBulk = "bulk";
/// Streams of a multiplexed port with windows of their own, half-close, and reasons for refused connections:
/// see channel::Mux.
inline constexpr const char* kExtensionMuxFlow = "mux-flow";
/// Input, its end, and signals for NonInteractiveCommands.
inline constexpr const char* kExtensionCommandInput = "command-input";

}  // namespace postern::wire
