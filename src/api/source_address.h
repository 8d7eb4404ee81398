#pragma once

#include <string>
#include <vector>

#include "iam/values.h"
#include "net/http.h"

namespace postern::api {

/// Where a request came from: the connection's peer, unless that is a trusted proxy. Then it is what the
/// proxy says in X-Forwarded-For: the last address there that is no trusted proxy itself. What stands before
/// it was written by whoever sent the request, and does not count. Entries that are no address end the search
/// at the proxy that wrote them.
std::string source_address(const net::Request& request,
                           const std::vector<postern::iam::IpRange>& trusted_proxies);

}  // namespace postern::api
