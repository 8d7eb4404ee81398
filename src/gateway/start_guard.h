#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "wire/agent_message.h"

namespace postern::gateway {

/// Keeps from AWS's plugin what it can't take while it starts: how long nothing may follow a frame that went
/// to it. It is for official clients only; ours can take anything at any time.
///
/// - Behind HandshakeComplete any message, even an acknowledgement, ends its reader for good until its local
///   multiplexer exists (data-channel.md 5.4). Its own first input says so; its acknowledgement comes before.
/// - Behind the first output of a session without handshake it refuses output until its shell is set up, and
/// all that
///   follows waits for the agent's repetition (4.3). Its acknowledgement comes a moment before.
class StartGuard {
 public:
  static constexpr std::chrono::milliseconds kBehindAcknowledgement{10};

  /// `quiet` is how long nothing follows at most.
  explicit StartGuard(std::chrono::milliseconds quiet) : quiet_(quiet) {}

  /// `frame` has gone to the client for the first time: how long nothing may follow it, if that is to change.
  std::optional<std::chrono::milliseconds> sent(const wire::Peek& frame) {
    if (frame.payload_type == wire::PayloadType::kHandshakeComplete) {
      awaited_ = Awaited::kInput;
      return quiet_;
    }
    if (frame.payload_type == wire::PayloadType::kOutput && frame.sequence_number == 0) {
      awaited_ = Awaited::kAcknowledgement;
      return quiet_;
    }
    return std::nullopt;
  }

  /// The client has sent `frame`, at any time: how long from now still nothing may follow, if that is to
  /// change.
  std::optional<std::chrono::milliseconds> heard(const wire::Peek& frame) {
    if (awaited_ == Awaited::kInput && frame.type == wire::MessageType::kInputStreamData) {
      awaited_ = Awaited::kNothing;
      return std::chrono::milliseconds(0);
    }
    if (awaited_ == Awaited::kAcknowledgement && frame.type == wire::MessageType::kAcknowledge) {
      awaited_ = Awaited::kNothing;
      return kBehindAcknowledgement;
    }
    return std::nullopt;
  }

  /// Time has passed, or the connection has ended.
  void reset() { awaited_ = Awaited::kNothing; }

 private:
  enum class Awaited { kNothing, kInput, kAcknowledgement };
  std::chrono::milliseconds quiet_;
  Awaited awaited_ = Awaited::kNothing;
};

}  // namespace postern::gateway
