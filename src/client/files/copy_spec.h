#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::client {

/// One place of a `postern cp` command line: a local path, or a path on a node.
struct CopyPlace {
  /// Id, name, or `tag:KEY=VALUE`; nothing for this machine.
  std::optional<std::string> node;
  std::string path;

  bool operator==(const CopyPlace&) const = default;
};

/// `NODE:PATH`, or a local path: like scp, everything without a colon before its first slash, so `./a:b` is
/// local. An empty path on a node is the directory in which commands start there.
CopyPlace parse_copy_place(std::string_view text);

/// What a command line asks for: files to one node, or from one node to here.
struct CopyPlan {
  enum class Direction { kUpload, kDownload };
  Direction direction;
  std::string node;
  std::vector<std::string> sources;
  std::string destination;

  bool operator==(const CopyPlan&) const = default;
};

/// Sources, and the destination last. Error: what is wrong, and what to write instead.
std::expected<CopyPlan, std::string> plan_copy(const std::vector<std::string>& arguments);

}  // namespace postern::client
