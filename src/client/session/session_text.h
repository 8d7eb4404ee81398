#pragma once

#include <string>
#include <string_view>

#include "client/port/local_address.h"

/// The texts of the official plugin, byte for byte, because tools read them from its output
/// (data-channel.md 1.4).
namespace postern::client {

std::string starting_text(std::string_view session_id);
/// `output` is what channel_closed said; empty for an orderly end.
std::string closed_text(std::string_view session_id, std::string_view output);
std::string timed_out_text(std::string_view session_id);
std::string failed_text(std::string_view error);

/// What is listened on, without the end of the line: of multiplexed ports kWaitingText follows.
std::string opened_text(std::string_view session_id, const LocalAddress& address);
inline constexpr std::string_view kWaitingText = "\nWaiting for connections...\n";
/// The session's first connection, with a multiplexed and a basic port.
std::string accepted_text(std::string_view session_id);
std::string basic_accepted_text(std::string_view session_id);
inline constexpr std::string_view kConnectFailedText =
    "\nConnection to destination port failed, check SSM Agent logs.\n";
inline constexpr std::string_view kSignalText = "Terminate signal received, exiting.\n";

inline constexpr std::string_view kInstalledText =
    "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n\n";
inline constexpr std::string_view kInvalidOperationText = "Invalid Operation";
std::string unknown_operation_text(std::string_view operation);

}  // namespace postern::client
