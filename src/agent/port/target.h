#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Where the streams of a port session lead.
namespace postern::agent {

struct TcpTarget {
  /// A name or an address without brackets; never empty.
  std::string host;
  std::uint16_t port = 0;

  /// Names compare without case, addresses by value.
  bool operator==(const TcpTarget& other) const;
};

struct UnixTarget {
  /// Absolute.
  std::string path;

  bool operator==(const UnixTarget&) const = default;
};

using Target = std::variant<TcpTarget, UnixTarget>;

/// `HOST:PORT`, `[V6]:PORT` or `unix:/PATH`, as in a document's `destinations`. Error: a text that says what
/// was expected.
std::expected<Target, std::string> parse_destination(std::string_view text);

/// The target of a stream between own ends (docs/protocol.md): `tcp:HOST:PORT` or `unix:/PATH`.
std::expected<Target, std::string> parse_stream_target(std::string_view text);

/// 1 to 65535, in decimal.
std::expected<std::uint16_t, std::string> parse_port(std::string_view text);

/// As parse_destination() reads it.
std::string to_string(const Target& target);

/// What the streams of a session may lead to.
class DestinationRules {
 public:
  /// `destinations` as in the document: what parse_destination() takes, or `*` for everything.
  static std::expected<DestinationRules, std::string> parse(const std::vector<std::string>& destinations);

  void allow(Target target) { allowed_.push_back(std::move(target)); }
  bool allows(const Target& target) const;
  bool allows_unix() const;

 private:
  bool all_ = false;
  std::vector<Target> allowed_;
};

}  // namespace postern::agent
