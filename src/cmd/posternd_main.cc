#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include "base/log.h"
#include "cmd/posternd_config.h"
#include "cmd/posternd_first_start.h"
#include "cmd/posternd_recover.h"
#include "cmd/posternd_service.h"

namespace postern {
namespace {

constexpr auto kDescription =
    R"(posternd - the Postern service: API, session gateway and their records, on one TLS port.

Without any configuration it creates its state directory, a private CA with a server certificate, the master key and
the administrator `admin`, whose access key it shows once on standard output, and listens on https://127.0.0.1:8443.
Logs go to standard error.)";

constexpr auto kFooter = R"(
EXAMPLES
  posternd                                   start with defaults
  posternd --config /etc/postern/posternd.toml
  posternd --listen '[::]:443' --state-dir /srv/postern
  posternd admin recover                     when nobody may administer any more

FILES, in the state directory (default /var/lib/posternd for root, else ~/.local/state/posternd)
  ca.pem        give it to clients and agents: AWS_CA_BUNDLE, ca_bundle, postern-agent register --ca-bundle
  ca.key        the CA's key; needed only to renew server.pem
  server.pem    the server's certificate, renewed at start when it is about to expire
  master.key    seals the secrets in the database; a backup without it is worthless
  postern.db    the records, unless store.url names a PostgreSQL database

SIGNALS
  SIGTERM, SIGINT   stop: finish requests, let sessions reconnect elsewhere. A second one ends the process at once.

EXIT STATUS
  0 after a clean stop, 1 when the service could not start or failed, 2 for a wrong command line.)";

struct Flags {
  std::string config_file;
  std::string state_dir;
  std::string listen;
  std::string credentials_file;
};

PosterndConfig read_configuration(const Flags& flags) {
  auto config = flags.config_file.empty() ? PosterndConfig{} : read_config(flags.config_file);
  if (!flags.state_dir.empty()) config.state_dir = flags.state_dir;
  if (!flags.listen.empty()) parse_listen(flags.listen, config);
  if (config.state_dir.empty()) config.state_dir = default_state_dir();
  if (config.master_key_file.empty()) config.master_key_file = config.state_dir / "master.key";
  return config;
}

// The one time that the secret is shown, and deliberately not through the log.
void introduce(const auth::FirstAdministrator& administrator, const auth::Installation& installation) {
  fmt::print(
      "Postern is set up. The administrator's access key is shown this once:\n"
      "\n"
      "  account                {}\n"
      "  user                   {}\n"
      "  aws_access_key_id      {}\n"
      "  aws_secret_access_key  {}\n"
      "\n",
      installation.account, administrator.user.name, administrator.key.access_key_id,
      administrator.key.secret.reveal());
}

// Each node and each end of a session is a connection; systems give 1024 descriptors to whoever asks for no
// more, whatever their hard limit.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    log::warning("descriptor_limit_not_raised", {{"to", limit.rlim_max}, {"error", std::strerror(errno)}});
  }
}

int run(const Flags& flags) {
  const auto config = read_configuration(flags);
  log::configure(config.log_level, config.log_format);
  ::umask(0077);
  raise_descriptor_limit();
  prepare_state_dir(config.state_dir);
  const StateLock lock(config.state_dir);
  const SystemClock clock;
  const auto sealer = store::Sealer::from_file(config.master_key_file);
  const auto store = open_store(config, sealer);
  const auto installation = prepare_installation(*store, config);
  prepare_node_roles(*store, installation, clock.now());
  const auto identity = prepare_server_identity(config, clock.now());
  const net::TlsServerContext tls(identity.certificate.certificate_pem, identity.certificate.private_key_pem);

  PosterndService service(config, *store, sealer, installation, tls);
  service.start();
  // Only a service that listens is worth an administrator whose key is shown once.
  if (const auto administrator = prepare_administrator(*store, installation, clock.now())) {
    introduce(*administrator, installation);
    if (!flags.credentials_file.empty()) write_credentials_file(flags.credentials_file, *administrator);
  }
  const auto host = config.listen_address.find(':') == std::string::npos ? config.listen_address
                                                                         : '[' + config.listen_address + ']';
  fmt::print("Listening on https://{}:{}\n", host, service.port());
  if (!identity.ca_file.empty())
    fmt::print("Clients trust it with the CA in {}\n", identity.ca_file.string());
  std::fflush(stdout);
  log::info("listening", {{"address", config.listen_address},
                          {"port", service.port()},
                          {"account", installation.account},
                          {"region", installation.region},
                          {"state_dir", config.state_dir.string()}});
  service.run_until_signalled();
  return 0;
}

constexpr auto kRecoverFooter = R"(
For when nobody may administer any more: the last administrator was detached, its keys are lost, or a policy denies
everything. Run it on the machine itself, as the owner of the state directory, while posternd is stopped. It gives the
user `admin` (created anew if it is gone) AdministratorAccess and a new access key, shown once, and takes away what
limits it: its permissions boundary, policies and groups that deny, service control policies that deny. Each change is
printed and logged.

EXAMPLE
  systemctl stop posternd && posternd admin recover --state-dir /var/lib/posternd; systemctl start posternd)";

int recover(const Flags& flags) {
  const auto config = read_configuration(flags);
  log::configure(config.log_level, config.log_format);
  ::umask(0077);
  if (config.store_url.empty() && !std::filesystem::exists(config.state_dir / "postern.db"))
    throw ConfigError(
        config.state_dir.string() +
        " holds no records: nothing to recover. Give the service's with --state-dir or --config.");
  prepare_state_dir(config.state_dir);
  const StateLock lock(config.state_dir);
  const SystemClock clock;
  const auto store = open_store(config, store::Sealer::from_file(config.master_key_file));
  const auto installation = prepare_installation(*store, config);
  const auto recovery = recover_administrator(*store, installation, clock.now());
  for (const auto& change : recovery.changes) fmt::print("{}\n", change);
  fmt::print(
      "\n"
      "The administrator's new access key is shown this once:\n"
      "\n"
      "  account                {}\n"
      "  user                   admin\n"
      "  aws_access_key_id      {}\n"
      "  aws_secret_access_key  {}\n",
      installation.account, recovery.key.access_key_id, recovery.key.secret.reveal());
  return 0;
}

}  // namespace
}  // namespace postern

int main(int argc, char** argv) {
  CLI::App app{postern::kDescription, "posternd"};
  app.footer(postern::kFooter);
  app.set_version_flag("--version", std::string("posternd " POSTERN_VERSION));
  postern::Flags flags;
  app.add_option("--config", flags.config_file,
                 "Configuration file (TOML); packaging/posternd.toml documents every key")
      ->check(CLI::ExistingFile);
  app.add_option("--state-dir", flags.state_dir, "Where keys and records live; overrides the file");
  app.add_option("--listen", flags.listen,
                 "ADDRESS:PORT or [IPV6]:PORT; overrides the file; port 0 takes a free one");
  app.add_option(
      "--write-credentials", flags.credentials_file,
      "At the first start also write the access key to this new file, as profile [postern], mode 0600");
  app.fallthrough();
  app.require_subcommand(0, 1);
  auto* admin = app.add_subcommand("admin", "Commands for the machine itself, while the service is stopped");
  admin->require_subcommand(1);
  auto* recover = admin->add_subcommand("recover", "Give the administrator access again");
  recover->footer(postern::kRecoverFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return recover->parsed() ? postern::recover(flags) : postern::run(flags);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "posternd: {}\n", failure.what());
    return 1;
  }
}
