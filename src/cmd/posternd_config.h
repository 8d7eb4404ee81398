#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/log.h"
#include "base/secret.h"
#include "gateway/live_session.h"
#include "gateway/session_counts.h"
#include "iam/values.h"
#include "net/http_server.h"

namespace postern {

/// posternd's configuration, as in packaging/posternd.toml, which documents every key.
struct PosterndConfig {
  std::filesystem::path state_dir;
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8443;
  /// io threads; 0 means one a core.
  unsigned threads = 0;
  /// 12 digits; empty means: drawn at the first start.
  std::string account;
  std::string region = "us-east-1";
  /// Empty, or the DNS suffix under which `ssm.<region>.<domain>` and its like reach us.
  std::string service_domain;
  /// Empty, or `host[:port]` for StreamUrl.
  std::string public_host;
  /// Whose X-Forwarded-For says where a request came from.
  std::vector<iam::IpRange> trusted_proxies;
  /// PEM files; empty means: the private CA of the state directory.
  std::filesystem::path certificate_file;
  std::filesystem::path private_key_file;
  /// Empty means `master.key` in the state directory.
  std::filesystem::path master_key_file;
  /// `postgresql://...`, with the password of store.password_file; empty means SQLite in the state directory.
  Secret store_url;
  std::filesystem::path store_password_file;
  /// PEM certificates by which identity providers are trusted; empty: the system's.
  std::filesystem::path oidc_ca_bundle;
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;
  net::HttpServerOptions http;
  gateway::SessionTimes sessions;
  gateway::SessionLimits limits;
  /// How long a stop waits for requests under way.
  std::chrono::seconds drain{2};
};

/// What is wrong with the configuration, with file, line and key, and what was expected.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where state lives unless configured: /var/lib/posternd for root, else $XDG_STATE_HOME/posternd or
/// ~/.local/state/posternd.
std::filesystem::path default_state_dir();

/// Reads a TOML file. Unknown keys are errors: a misspelt limit must not pass silently. Throws ConfigError.
PosterndConfig read_config(const std::filesystem::path& file);

/// Splits `host:port` or `[v6]:port`. Throws ConfigError.
void parse_listen(const std::string& text, PosterndConfig& config);

}  // namespace postern
