#include "cmd/posternd_first_start.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "aws/policies/built_in.h"
#include "aws/unique_id.h"
#include "base/log.h"
#include "base/random.h"

namespace postern {
namespace {

namespace fs = std::filesystem;

// A certificate with less left than this is renewed at the next start.
constexpr std::chrono::days kRenewBefore{30};

// Systems Manager gives the role to the nodes that register.
constexpr std::string_view kNodeTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ssm.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

std::string error_text() {
  return std::strerror(errno);
}

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw ConfigError("cannot read " + file.string() + ": " + error_text());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_fully(int descriptor, std::string_view text, const fs::path& file) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw ConfigError("cannot write " + file.string() + ": " + error_text());
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Replaces the file in one step, so that a crash leaves the old one or the new one.
void write_file(const fs::path& file, std::string_view text, mode_t mode) {
  const fs::path fresh = file.string() + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0) throw ConfigError("cannot create " + fresh.string() + ": " + error_text());
  try {
    write_fully(descriptor, text, fresh);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!synced || ::rename(fresh.c_str(), file.c_str()) != 0) {
    throw ConfigError("cannot write " + file.string() + ": " + error_text());
  }
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

void add_name(net::SubjectNames& names, const std::string& name) {
  auto& list = is_address(name) ? names.addresses : names.dns;
  if (!name.empty() && std::ranges::find(list, name) == list.end()) list.push_back(name);
}

net::SubjectNames server_names(const PosterndConfig& config) {
  net::SubjectNames names{{"localhost"}, {"127.0.0.1", "::1"}};
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) add_name(names, host.data());
  // The wildcard addresses are no names that a client could dial.
  if (config.listen_address != "0.0.0.0" && config.listen_address != "::")
    add_name(names, config.listen_address);
  if (!config.service_domain.empty()) add_name(names, "*." + config.region + '.' + config.service_domain);
  if (!config.public_host.empty())
    add_name(names, config.public_host.substr(0, config.public_host.rfind(':')));
  return names;
}

net::CertifiedKey certificate_authority(const fs::path& dir, Timestamp now) {
  const auto certificate = dir / "ca.pem";
  const auto key = dir / "ca.key";
  if (!fs::exists(certificate) && !fs::exists(key)) {
    const auto made = net::make_certificate_authority("Postern private CA", now);
    // The key first: a certificate without its key would be of no use, and is made anew together with it.
    write_file(key, made.private_key_pem.reveal(), 0600);
    write_file(certificate, made.certificate_pem, 0644);
    log::info("ca_created", {{"file", certificate.string()}});
    return made;
  }
  // Never silently another CA: every client and agent trusts this one.
  if (!fs::exists(certificate))
    throw ConfigError(certificate.string() + " is missing, but its key is there. Put it back.");
  return {read_file(certificate), Secret(fs::exists(key) ? read_file(key) : "")};
}

bool still_good(const fs::path& file, const net::SubjectNames& names, Timestamp now) {
  if (!fs::exists(file)) return false;
  try {
    const auto facts = net::read_certificate(read_file(file));
    return facts.names == names && facts.expires - now > kRenewBefore;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

void prepare_state_dir(const fs::path& dir) {
  std::error_code ec;
  fs::create_directories(dir.parent_path(), ec);
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    throw ConfigError("cannot create the state directory " + dir.string() + ": " + error_text() +
                      ". Give another one with --state-dir.");
  }
  struct stat info{};
  if (::stat(dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    throw ConfigError(dir.string() + " is not a directory.");
  }
  if (info.st_uid != geteuid()) throw ConfigError(dir.string() + " belongs to another user.");
  if ((info.st_mode & 0077) != 0) {
    throw ConfigError(dir.string() + " holds keys but is open to other users. Run: chmod 700 " +
                      dir.string());
  }
}

StateLock::StateLock(const fs::path& dir)
    : descriptor_(::open((dir / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) throw ConfigError("cannot create " + (dir / "lock").string() + ": " + error_text());
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw ConfigError("another posternd is running with the state directory " + dir.string() + '.');
  }
}

StateLock::~StateLock() {
  ::close(descriptor_);
}

ServerIdentity prepare_server_identity(const PosterndConfig& config, Timestamp now) {
  if (!config.certificate_file.empty()) {
    return {{read_file(config.certificate_file), Secret(read_file(config.private_key_file))}, {}};
  }
  const auto authority = certificate_authority(config.state_dir, now);
  const auto certificate = config.state_dir / "server.pem";
  const auto key = config.state_dir / "server.key";
  const auto names = server_names(config);
  if (!still_good(certificate, names, now) || !fs::exists(key)) {
    if (authority.private_key_pem.empty()) {
      throw ConfigError("the server's certificate must be renewed, but " +
                        (config.state_dir / "ca.key").string() + " is missing. Put it back for this start.");
    }
    const auto made = net::issue_server_certificate(authority, names, now);
    write_file(key, made.private_key_pem.reveal(), 0600);
    write_file(certificate, made.certificate_pem, 0644);
    log::info("server_certificate_issued", {{"file", certificate.string()}});
  }
  return {{read_file(certificate), Secret(read_file(key))}, config.state_dir / "ca.pem"};
}

std::unique_ptr<store::Store> open_store(const PosterndConfig& config, store::Sealer sealer) {
  if (!config.store_url.empty()) return store::Store::open_postgresql(config.store_url, std::move(sealer));
  return store::Store::open_sqlite(config.state_dir / "postern.db", std::move(sealer));
}

auth::Installation prepare_installation(store::Store& store, const PosterndConfig& config) {
  auth::Installation installation;
  installation.region = config.region;
  installation.account = store.run_blocking([wanted = config.account](store::Repositories& repos) {
    const auto kept = repos.settings.find("account");
    if (kept && (wanted.empty() || wanted == *kept)) return *kept;
    // ARNs with the old account are in the records and in policies.
    if (kept)
      throw ConfigError("account is " + wanted +
                        " in the configuration, but this state directory was set up as " + *kept);
    const auto account = wanted.empty() ? "1" + random_text(11, "0123456789") : wanted;
    repos.settings.put("account", account);
    return account;
  });
  return installation;
}

std::optional<auth::FirstAdministrator> prepare_administrator(store::Store& store,
                                                              const auth::Installation& installation,
                                                              Timestamp now) {
  return store.run_blocking([&](store::Repositories& repos) -> std::optional<auth::FirstAdministrator> {
    if (repos.users.count() > 0) return std::nullopt;
    auto administrator = auth::make_first_administrator(installation, now);
    repos.users.add(administrator.user);
    repos.users.add_key(administrator.key);
    repos.attachments.attach(administrator.user.user_id, aws::kAdministratorAccess);
    return administrator;
  });
}

void prepare_node_roles(store::Store& store, const auth::Installation& installation, Timestamp now) {
  constexpr auto kPrepared = "node_roles_prepared";
  store.run_blocking([&](store::Repositories& repos) {
    // Once: a role that is deleted later stays so.
    if (repos.settings.find(kPrepared)) return;
    std::set<std::string> names = {"PosternNode"};
    // From before there were roles: any name was good.
    for (const auto& activation : repos.activations.list())
      names.insert(auth::Installation::role_name(activation.iam_role));
    for (const auto& node : repos.nodes.list()) names.insert(auth::Installation::role_name(node.iam_role));
    for (const auto& name : names) {
      if (name.empty() || repos.roles.is_name_taken(name)) continue;
      const std::string path = "/service-role/";
      const store::Role role{.role_id = aws::make_unique_id(aws::kRoleIdPrefix),
                             .name = name,
                             .path = path,
                             .arn = installation.iam_arn("role", path, name),
                             .created = now,
                             .trust_policy = std::string(kNodeTrust),
                             .description = "Managed nodes"};
      repos.roles.add(role);
      repos.attachments.attach(role.role_id, aws::kManagedInstanceCore);
    }
    repos.settings.put(kPrepared, "1");
  });
}

void write_credentials_file(const fs::path& file, const auth::FirstAdministrator& administrator) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw ConfigError("cannot create " + file.string() + ": " + error_text());
  const auto text = fmt::format("[postern]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                                administrator.key.access_key_id, administrator.key.secret.reveal());
  try {
    write_fully(descriptor, text, file);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
}

}  // namespace postern
