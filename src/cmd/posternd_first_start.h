#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "auth/authenticator.h"
#include "auth/installation.h"
#include "cmd/posternd_config.h"
#include "net/private_ca.h"
#include "store/store.h"

/// What posternd needs before it can listen, made at the first start and found again at every later one.
namespace postern {

/// Creates the state directory with mode 0700, or checks that it is ours and closed to others. Throws
/// ConfigError.
void prepare_state_dir(const std::filesystem::path& dir);

/// Keeps a second posternd out of the same state directory for as long as it lives. Throws ConfigError when
/// one is running.
class StateLock {
 public:
  explicit StateLock(const std::filesystem::path& dir);
  ~StateLock();
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  int descriptor_;
};

/// The configured certificate, or one of the private CA in the state directory, renewed when it is about to
/// expire or the names have changed.
struct ServerIdentity {
  net::CertifiedKey certificate;
  /// The file that clients must trust; empty when the certificate was configured.
  std::filesystem::path ca_file;
};
ServerIdentity prepare_server_identity(const PosterndConfig& config, Timestamp now);

/// The records: SQLite in the state directory, or the PostgreSQL database that is configured. Throws
/// StoreError.
std::unique_ptr<store::Store> open_store(const PosterndConfig& config, store::Sealer sealer);

/// The account and names of this installation; the account is drawn at the first start and kept.
auth::Installation prepare_installation(store::Store& store, const PosterndConfig& config);

/// Creates the administrator if there is no user yet; nothing otherwise.
std::optional<auth::FirstAdministrator> prepare_administrator(store::Store& store,
                                                              const auth::Installation& installation,
                                                              Timestamp now);

/// Creates, once, the role `PosternNode` that nodes can be given, with AmazonSSMManagedInstanceCore, and
/// likewise every role that activations and nodes from before name.
void prepare_node_roles(store::Store& store, const auth::Installation& installation, Timestamp now);

/// Writes an AWS shared-credentials profile, mode 0600; never overwrites a file. Throws ConfigError.
void write_credentials_file(const std::filesystem::path& file, const auth::FirstAdministrator& administrator);

}  // namespace postern
