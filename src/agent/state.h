#pragma once

#include <boost/describe.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "base/json_codec.h"
#include "base/secret.h"

namespace postern::agent {

/// What a registered node must remember. It is written once, at registration; a running agent writes nothing.
struct NodeState {
  /// `mi-` and 17 hexadecimal digits.
  std::string node_id;
  /// `https://host:port`, without a path.
  std::string endpoint;
  std::string region;
  /// A UUID that the service compares (control-plane.md 2.4).
  std::string fingerprint;
  /// PKCS#8 PEM.
  Secret private_key;
};
BOOST_DESCRIBE_STRUCT(NodeState, (), (node_id, endpoint, region, fingerprint, private_key))

/// The directory that holds a node's state: `registration.json` and, where the service's certificate comes
/// from a private authority, `ca.pem`. The directory is 0700, the files 0600, both the agent's user's own.
class StateDirectory {
 public:
  explicit StateDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  /// /var/lib/postern-agent for root; else under $XDG_STATE_HOME, or ~/.local/state.
  static std::filesystem::path default_path();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path registration_file() const { return path_ / "registration.json"; }
  /// Whether a registration exists, readable or not.
  bool registered() const;

  /// Nothing when there is no registration. Throws std::runtime_error naming the file when it can't be read,
  /// is damaged, or can be read by others.
  std::optional<NodeState> load() const;

  /// The file of remembered authorities; empty when the system's are to be trusted.
  std::string ca_bundle_file() const;

  /// Makes the directory if needed and proves that it can be written. Throws std::runtime_error.
  void prepare() const;
  /// Replaces the registration as a whole or not at all, on stable storage when this returns. An empty
  /// `ca_bundle_pem` removes a remembered one. Throws std::runtime_error.
  void save(const NodeState& state, const std::string& ca_bundle_pem) const;

 private:
  std::filesystem::path path_;
};

/// The whole of a file of at most `limit` bytes. Throws std::runtime_error naming the file.
std::string read_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace postern::agent
