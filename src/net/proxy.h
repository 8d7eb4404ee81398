#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "net/dial.h"

namespace postern::net {

struct Proxy {
  /// Scheme http: what reaches the proxy is only CONNECT and, mostly, TLS to the host behind it.
  Url url;
  /// `user:password`, decoded; empty when the setting has none.
  Secret credentials;
};

/// The value of a variable, or nothing when unset.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The proxy that https_proxy, http_proxy and no_proxy (lower case wins over upper case) prescribe for `url`;
/// nothing when direct. As with curl and Go, no_proxy is a list of `*`, host names (which match their
/// subdomains too), addresses and CIDR blocks, each with an optional port; loopback is always direct. A
/// setting that can't be used is an error, not a direct connection: a proxy may be there for a reason.
std::expected<std::optional<Proxy>, std::string> find_proxy(const Url& url, const Environment& environment);

/// The process's own environment.
std::optional<std::string> process_environment(std::string_view name);

}  // namespace postern::net
