#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/stream.h"
#include "net/tls.h"

namespace postern::net {

/// An absolute URL of the schemes http, https, ws, wss.
struct Url {
  std::string scheme;
  /// Without brackets for an IPv6 literal.
  std::string host;
  std::uint16_t port = 0;
  /// Path and query, at least "/".
  std::string target;

  /// The reason on failure. User information and fragments are refused.
  static std::expected<Url, std::string> parse(std::string_view text);
  /// `host` or `host:port` when the port is not the scheme's own; IPv6 in brackets. What the Host header
  /// carries.
  std::string authority() const;
  bool secure() const { return scheme == "https" || scheme == "wss"; }
};

/// The proxy for a URL after https_proxy, http_proxy, no_proxy (either case) of the environment; nothing when
/// direct.
std::optional<Url> proxy_from_environment(const Url& url);

struct DialOptions {
  const TlsClientContext* tls = nullptr;
  /// For the whole of name resolution, connect, proxy and TLS handshake.
  std::chrono::steady_clock::duration timeout = std::chrono::seconds(15);
};

/// Connects: each resolved address in turn, through the environment's proxy (CONNECT) if one applies, then
/// TLS with SNI for secure schemes. Resolution does not block the calling thread. Throws system_error whose
/// text names the host and the step that failed (for TLS: OpenSSL's verification reason). `options.tls` must
/// outlive the call.
awaitable<std::unique_ptr<Stream>> dial(Url url, DialOptions options);

}  // namespace postern::net
