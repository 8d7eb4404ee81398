#include "cmd/posternd_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>

#include "aws/uri.h"

namespace postern {
namespace {

[[noreturn]] void refuse(const toml::node& node, std::string_view key, std::string_view reason) {
  const auto& source = node.source();
  throw ConfigError(fmt::format("{}:{}: {}: {}", source.path ? *source.path : std::string("configuration"),
                                source.begin.line, key, reason));
}

[[noreturn]] void fail(const toml::node& node, std::string_view key, std::string_view expected) {
  refuse(node, key, fmt::format("expected {}", expected));
}

using Setter = std::function<void(const toml::node&, std::string_view key, PosterndConfig&)>;

std::string text_of(const toml::node& node, std::string_view key) {
  const auto value = node.value<std::string>();
  if (!node.is_string() || !value) fail(node, key, "a string");
  return *value;
}

std::int64_t number_of(const toml::node& node, std::string_view key, std::int64_t min, std::int64_t max) {
  const auto value = node.value<std::int64_t>();
  if (!node.is_integer() || !value || *value < min || *value > max) {
    fail(node, key, fmt::format("an integer from {} to {}", min, max));
  }
  return *value;
}

Setter text(std::string PosterndConfig::* member) {
  return [member](const toml::node& node, std::string_view key, PosterndConfig& config) {
    config.*member = text_of(node, key);
  };
}

Setter path(std::filesystem::path PosterndConfig::* member) {
  return [member](const toml::node& node, std::string_view key, PosterndConfig& config) {
    config.*member = text_of(node, key);
  };
}

// Calls `set` with a number of seconds.
template <class Set>
Setter seconds(std::int64_t min, std::int64_t max, Set set) {
  return [=](const toml::node& node, std::string_view key, PosterndConfig& config) {
    set(config, std::chrono::seconds(number_of(node, key, min, max)));
  };
}

// A number of sessions.
Setter sessions(std::int64_t max, std::size_t gateway::SessionLimits::* member) {
  return [=](const toml::node& node, std::string_view key, PosterndConfig& config) {
    config.limits.*member = static_cast<std::size_t>(number_of(node, key, 1, max));
  };
}

const std::map<std::string, Setter, std::less<>>& setters() {
  static const std::map<std::string, Setter, std::less<>> table = {
      {"state_dir", path(&PosterndConfig::state_dir)},
      {"listen", [](const auto& node, auto key, auto& config) { parse_listen(text_of(node, key), config); }},
      {"threads", [](const auto& node, auto key,
                     auto& config) { config.threads = static_cast<unsigned>(number_of(node, key, 0, 256)); }},
      {"account",
       [](const auto& node, auto key, auto& config) {
         config.account = text_of(node, key);
         if (config.account.size() != 12 || !std::ranges::all_of(config.account, ::isdigit))
           fail(node, key, "12 digits");
       }},
      {"region",
       [](const auto& node, auto key, auto& config) {
         config.region = text_of(node, key);
         const auto valid = [](unsigned char c) { return std::isalnum(c) || c == '-'; };
         if (config.region.empty() || config.region.size() > 100 ||
             !std::ranges::all_of(config.region, valid)) {
           fail(node, key, "a region name: letters, digits and hyphens");
         }
       }},
      {"service_domain", text(&PosterndConfig::service_domain)},
      {"public_host", text(&PosterndConfig::public_host)},
      {"trusted_proxies",
       [](const auto& node, auto key, auto& config) {
         if (!node.is_array()) fail(node, key, "a list of addresses and networks");
         for (const auto& element : *node.as_array()) {
           const auto range = iam::parse_ip_range(text_of(element, key));
           if (!range) fail(element, key, "an address or a network, such as 10.0.0.0/8");
           config.trusted_proxies.push_back(*range);
         }
       }},
      {"tls.certificate", path(&PosterndConfig::certificate_file)},
      {"tls.private_key", path(&PosterndConfig::private_key_file)},
      {"master_key.file", path(&PosterndConfig::master_key_file)},
      {"store.url",
       [](const auto& node, auto key, auto& config) {
         auto url = text_of(node, key);
         if (!url.starts_with("postgresql://") && !url.starts_with("postgres://"))
           fail(node, key, "postgresql://USER@HOST:PORT/DATABASE");
         config.store_url = Secret(std::move(url));
       }},
      {"store.password_file", path(&PosterndConfig::store_password_file)},
      {"oidc.ca_bundle",
       [](const auto& node, auto key, auto& config) {
         config.oidc_ca_bundle = text_of(node, key);
         if (!config.oidc_ca_bundle.empty() && !std::filesystem::is_regular_file(config.oidc_ca_bundle))
           refuse(node, key, "there is no such file");
       }},
      {"log.level",
       [](const auto& node, auto key, auto& config) {
         if (!log::parse_level(text_of(node, key), config.log_level))
           fail(node, key, "debug, info, warning, error or off");
       }},
      {"log.format",
       [](const auto& node, auto key, auto& config) {
         const auto value = text_of(node, key);
         if (value != "text" && value != "json") fail(node, key, "text or json");
         config.log_format = value == "json" ? log::Format::kJson : log::Format::kText;
       }},
      {"http.max_body_bytes",
       [](const auto& node, auto key, auto& config) {
         config.http.max_body_bytes = static_cast<std::size_t>(number_of(node, key, 1024, 64 * 1024 * 1024));
       }},
      {"http.max_connections",
       [](const auto& node, auto key, auto& config) {
         config.http.max_connections = static_cast<std::size_t>(number_of(node, key, 1, 10'000'000));
       }},
      {"http.request_timeout_seconds", seconds(1, 600, [](auto& c, auto s) { c.http.request_timeout = s; })},
      {"http.idle_timeout_seconds", seconds(1, 3600, [](auto& c, auto s) { c.http.idle_timeout = s; })},
      {"sessions.start_timeout_seconds", seconds(10, 600, [](auto& c, auto s) { c.sessions.start = s; })},
      {"sessions.grace_seconds", seconds(5, 86'400, [](auto& c, auto s) { c.sessions.grace = s; })},
      {"limits.sessions_per_node", sessions(900, &gateway::SessionLimits::per_node)},
      {"limits.sessions_per_user", sessions(1'000'000, &gateway::SessionLimits::per_user)},
      {"limits.sessions", sessions(1'000'000, &gateway::SessionLimits::total)},
      {"drain_seconds", seconds(0, 300, [](auto& c, auto s) { c.drain = s; })},
  };
  return table;
}

void apply(const toml::table& table, const std::string& prefix, PosterndConfig& config) {
  for (const auto& [name, node] : table) {
    const auto key = prefix + std::string(name.str());
    const auto setter = setters().find(key);
    if (setter != setters().end()) {
      setter->second(node, key, config);
    } else if (const auto* inner = node.as_table()) {
      apply(*inner, key + '.', config);
    } else {
      refuse(node, key, "there is no such key; packaging/posternd.toml lists all");
    }
  }
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

std::filesystem::path default_state_dir() {
  if (geteuid() == 0) return "/var/lib/posternd";
  if (const auto state = environment("XDG_STATE_HOME")) return std::filesystem::path(*state) / "posternd";
  if (const auto home = environment("HOME")) return std::filesystem::path(*home) / ".local/state/posternd";
  throw ConfigError("No state directory: HOME is not set. Give --state-dir.");
}

void parse_listen(const std::string& text, PosterndConfig& config) {
  const auto colon = text.rfind(':');
  const auto wrong = [&] {
    return ConfigError("listen: expected ADDRESS:PORT or [IPV6]:PORT with a numeric address, found \"" +
                       text + '"');
  };
  if (colon == std::string::npos) throw wrong();
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const auto* begin = text.data() + colon + 1;
  const auto* end = text.data() + text.size();
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(begin, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || address.empty()) throw wrong();
  config.listen_address = address;
  config.listen_port = port;
}

namespace {

// The first line of the file goes into the URL as a parameter, which libpq takes there too.
void add_store_password(const std::filesystem::path& config_file, PosterndConfig& config) {
  if (config.store_password_file.empty()) return;
  if (config.store_url.empty())
    throw ConfigError(config_file.string() + ": store.password_file goes with store.url");
  std::ifstream in(config.store_password_file);
  std::string password;
  if (!in || !std::getline(in, password))
    throw ConfigError("cannot read a password from " + config.store_password_file.string());
  const auto& url = config.store_url.reveal();
  const bool has_parameters = url.find('?') != std::string::npos;
  config.store_url = Secret(url + (has_parameters ? "&password=" : "?password=") + aws::uri_encode(password));
}

}  // namespace

PosterndConfig read_config(const std::filesystem::path& file) {
  PosterndConfig config;
  try {
    apply(toml::parse_file(file.string()), "", config);
  } catch (const toml::parse_error& error) {
    throw ConfigError(
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
  if (config.certificate_file.empty() != config.private_key_file.empty()) {
    throw ConfigError(file.string() + ": tls.certificate and tls.private_key go together");
  }
  add_store_password(file, config);
  return config;
}

}  // namespace postern
