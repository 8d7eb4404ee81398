#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aws/sigv4.h"

namespace postern::client {

/// What was said on the command line; empty means unsaid.
struct ConfigFlags {
  std::string profile;
  std::string region;
  std::string endpoint_url;
  std::string ca_bundle;
};

/// Reads a variable of the environment; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;
/// The process's own.
std::optional<std::string> process_environment(const char* name);

/// Contents of the two configuration files; empty when a file does not exist.
struct ConfigFiles {
  std::string config;
  std::string credentials;
};

/// How to reach the service and as whom.
struct Settings {
  /// For messages; `default` when none was chosen.
  std::string profile;
  std::string region;
  /// `https://host[:port]`; empty when nothing says where.
  std::string endpoint_url;
  /// A PEM file; empty means the system's trust store.
  std::string ca_bundle;
  /// Nothing when there are none.
  std::optional<aws::Credentials> credentials;
  /// The command that prints credentials, where the profile has one instead of keys.
  std::string credential_process;
};

/// Settings after botocore's rules. Profile: flag, AWS_PROFILE, AWS_DEFAULT_PROFILE. Region: flag,
/// AWS_REGION, AWS_DEFAULT_REGION, profile. Endpoint: flag, AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL, the
/// profile's `services` section, its endpoint_url; AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or the profile's
/// ignore_configured_endpoint_urls leave only the flag. Credentials: the environment's (unless a profile was
/// given by flag), the credentials file, the config file, credential_process. Error: what is wrong and where.
std::expected<Settings, std::string> resolve_settings(const ConfigFlags& flags,
                                                      const Environment& environment,
                                                      const ConfigFiles& files);

/// Reads AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE or their defaults under ~/.aws. Files that can't be
/// read count as empty.
ConfigFiles read_config_files(const Environment& environment);

/// resolve_settings() over the process's own environment and files, credential_process run.
std::expected<Settings, std::string> load_settings(const ConfigFlags& flags);

}  // namespace postern::client
