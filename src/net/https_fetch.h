#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>

namespace postern::net {

struct HttpsFetchOptions {
  /// PEM certificates to trust instead of the system's; empty: the system's.
  std::filesystem::path ca_bundle;
  /// From the name's resolution to the last byte.
  std::chrono::milliseconds deadline{5'000};
  std::size_t max_bytes = 512 * 1024;
};

/// GETs a document from somebody else's server: https only, certificate and name verified, no redirects (they
/// could lead anywhere), through the environment's proxy. Blocks until the deadline at most, so never on an
/// io thread. The error is for people: what failed, and of which host.
std::expected<std::string, std::string> https_fetch(const std::string& url, const HttpsFetchOptions& options);

}  // namespace postern::net
