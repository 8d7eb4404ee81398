#include "client/aws_config.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "client/credential_process.h"
#include "client/ini.h"

namespace postern::client {
namespace {

// The parsed files with the profile's places in them; members absent from both read as nothing.
class ProfileView {
 public:
  ProfileView(std::string name, Ini config, Ini credentials)
      : name_(std::move(name)), config_(std::move(config)), credentials_(std::move(credentials)) {
    // botocore reads `[profile name]` through a shell-like splitter, so the name may be quoted.
    for (const auto& section : {"profile " + name_, "profile \"" + name_ + "\"", "profile '" + name_ + "'"}) {
      if (in_config_ == nullptr) in_config_ = find(config_, section);
    }
    if (in_config_ == nullptr && name_ == "default") in_config_ = find(config_, name_);
    in_credentials_ = find(credentials_, name_);
  }
  ProfileView(const ProfileView&) = delete;
  ProfileView& operator=(const ProfileView&) = delete;

  const std::string& name() const { return name_; }
  bool exists() const { return in_config_ != nullptr || in_credentials_ != nullptr; }

  /// A setting: the config file's.
  std::optional<std::string> config(const std::string& member) const { return value(in_config_, member); }
  std::optional<std::string> either(const std::string& member) const {
    auto found = value(in_credentials_, member);
    return found ? found : config(member);
  }

  /// endpoint_url of `ssm` in the `[services NAME]` section that the profile names.
  std::optional<std::string> service_endpoint() const {
    const auto services = config("services");
    if (!services) return std::nullopt;
    const auto* section = find(config_, "services " + *services);
    if (section == nullptr) return std::nullopt;
    const auto block = section->blocks.find("ssm");
    if (block == section->blocks.end()) return std::nullopt;
    const auto found = block->second.find("endpoint_url");
    return found == block->second.end() ? std::nullopt : std::optional(found->second);
  }

  /// Access key and secret from one file.
  std::expected<std::optional<aws::Credentials>, std::string> keys() const {
    for (const auto* section : {in_credentials_, in_config_}) {
      const auto id = value(section, "aws_access_key_id");
      if (!id) continue;
      const auto secret = value(section, "aws_secret_access_key");
      if (!secret) {
        return std::unexpected(
            fmt::format("profile {} has aws_access_key_id but no aws_secret_access_key", name_));
      }
      aws::Credentials credentials{*id, Secret(*secret), std::nullopt};
      if (const auto token = value(section, "aws_session_token")) credentials.session_token = Secret(*token);
      return credentials;
    }
    return std::nullopt;
  }

 private:
  static const IniSection* find(const Ini& ini, const std::string& section) {
    const auto found = ini.find(section);
    return found == ini.end() ? nullptr : &found->second;
  }
  static std::optional<std::string> value(const IniSection* section, const std::string& member) {
    if (section == nullptr) return std::nullopt;
    const auto found = section->values.find(member);
    if (found == section->values.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }

  std::string name_;
  Ini config_;
  Ini credentials_;
  const IniSection* in_config_ = nullptr;
  const IniSection* in_credentials_ = nullptr;
};

std::string first_of(std::initializer_list<std::optional<std::string>> choices) {
  for (const auto& choice : choices) {
    if (choice && !choice->empty()) return *choice;
  }
  return {};
}

bool is_true(const std::optional<std::string>& text) {
  return text == "true" || text == "True" || text == "TRUE";
}

std::string endpoint_of(const ConfigFlags& flags, const Environment& environment,
                        const ProfileView& profile) {
  if (!flags.endpoint_url.empty()) return flags.endpoint_url;
  const auto ignored = environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (is_true(ignored ? ignored : profile.config("ignore_configured_endpoint_urls"))) return {};
  return first_of({environment("AWS_ENDPOINT_URL_SSM"), environment("AWS_ENDPOINT_URL"),
                   profile.service_endpoint(), profile.config("endpoint_url")});
}

std::optional<aws::Credentials> from_environment(const Environment& environment) {
  const auto id = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!id || !secret) return std::nullopt;
  aws::Credentials credentials{*id, Secret(*secret), std::nullopt};
  if (const auto token = environment("AWS_SESSION_TOKEN")) credentials.session_token = Secret(*token);
  return credentials;
}

// Ways to credentials that need another service; said instead of a later "no credentials".
std::string unsupported_source(const ProfileView& profile) {
  struct Source {
    const char* member;
    const char* what;
  };
  for (const auto& source : {Source{"role_arn", "an assumed role (role_arn)"},
                             Source{"sso_session", "IAM Identity Center (sso_session)"},
                             Source{"sso_start_url", "IAM Identity Center (sso_start_url)"}}) {
    if (profile.either(source.member)) {
      return fmt::format(
          "profile {} gets its credentials through {}, which is not supported: use an access key, a "
          "credential_process, or the "
          "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN)",
          profile.name(), source.what);
    }
  }
  return {};
}

std::expected<void, std::string> add_credentials(const ConfigFlags& flags, const Environment& environment,
                                                 const ProfileView& profile, Settings& settings) {
  if (flags.profile.empty()) {
    settings.credentials = from_environment(environment);
    if (settings.credentials) return {};
  }
  if (auto problem = unsupported_source(profile); !problem.empty())
    return std::unexpected(std::move(problem));
  auto keys = profile.keys();
  if (!keys) return std::unexpected(std::move(keys.error()));
  settings.credentials = std::move(*keys);
  if (!settings.credentials) settings.credential_process = profile.either("credential_process").value_or("");
  return {};
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

std::string in_home(const Environment& environment, const std::string& path) {
  if (!path.starts_with("~/")) return path;
  return environment("HOME").value_or("") + path.substr(1);
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::expected<Settings, std::string> resolve_settings(const ConfigFlags& flags,
                                                      const Environment& environment,
                                                      const ConfigFiles& files) {
  auto config = parse_ini(files.config);
  if (!config) return std::unexpected("AWS config file, " + config.error());
  auto credentials = parse_ini(files.credentials);
  if (!credentials) return std::unexpected("AWS credentials file, " + credentials.error());

  const auto named =
      first_of({flags.profile, environment("AWS_PROFILE"), environment("AWS_DEFAULT_PROFILE")});
  const ProfileView profile(named.empty() ? "default" : named, std::move(*config), std::move(*credentials));
  if (!named.empty() && !profile.exists())
    return std::unexpected(fmt::format("the profile {} does not exist", named));

  Settings settings;
  settings.profile = profile.name();
  settings.region = first_of(
      {flags.region, environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"), profile.config("region")});
  settings.endpoint_url = endpoint_of(flags, environment, profile);
  settings.ca_bundle = in_home(
      environment, first_of({flags.ca_bundle, environment("AWS_CA_BUNDLE"), profile.config("ca_bundle")}));
  auto ok = add_credentials(flags, environment, profile, settings);
  if (!ok) return std::unexpected(std::move(ok.error()));
  return settings;
}

ConfigFiles read_config_files(const Environment& environment) {
  const auto path = [&](const char* variable, const char* usual) {
    return in_home(environment, environment(variable).value_or(usual));
  };
  return {read_file(path("AWS_CONFIG_FILE", "~/.aws/config")),
          read_file(path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))};
}

std::expected<Settings, std::string> load_settings(const ConfigFlags& flags) {
  auto settings = resolve_settings(flags, process_environment, read_config_files(process_environment));
  if (!settings || settings->credential_process.empty()) return settings;
  auto credentials = run_credential_process(settings->credential_process);
  if (!credentials) {
    return std::unexpected(
        fmt::format("credential_process of profile {}: {}", settings->profile, credentials.error()));
  }
  settings->credentials = std::move(*credentials);
  return settings;
}

}  // namespace postern::client
