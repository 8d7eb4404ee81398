#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "aws/sigv4.h"

namespace postern::client {

/// Divides a command line at blanks with a shell's rules for quotes and backslashes, and nothing else of a
/// shell. Error: an open quote.
std::expected<std::vector<std::string>, std::string> split_command(std::string_view command);

/// The JSON that a credential process prints: Version 1, AccessKeyId, SecretAccessKey, perhaps SessionToken.
std::expected<aws::Credentials, std::string> parse_process_credentials(std::string_view json);

/// Runs the command without a shell, its standard error left to the person, and reads what it prints: at most
/// 64 KiB.
std::expected<aws::Credentials, std::string> run_credential_process(const std::string& command);

}  // namespace postern::client
