#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace postern::agent {

/// Which end of a copy the node is.
enum class CopyDirection {
  /// The person's files come to the node.
  kUpload,
  kDownload,
};
/// The program's own subcommand that calls run_copy_files() with its two arguments.
inline constexpr const char* kCopyCommand = "copy-files";

/// `upload` or `download`.
std::expected<CopyDirection, std::string> parse_copy_direction(std::string_view text);

/// The node's end of `postern cp`, the command of a Postern-CopyFiles session: speaks the frames of copy/ on
/// standard input and output until the copy is over, as the user that the process runs as. What went wrong
/// with single files the other end knows; what ends the copy is said on standard error. Gives the exit
/// status: 0 when all was copied, 1 otherwise.
int run_copy_files(CopyDirection direction, const std::string& path);

}  // namespace postern::agent
