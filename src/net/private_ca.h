#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

/// X.509 for an installation that brings no certificate of its own: a private CA, and a server certificate
/// under it. ECDSA P-256.
namespace postern::net {

/// A certificate with its key, both PEM.
struct CertifiedKey {
  std::string certificate_pem;
  Secret private_key_pem;
};

/// What a server certificate is valid for.
struct SubjectNames {
  /// Host names, `*.` wildcards allowed.
  std::vector<std::string> dns;
  /// IPv4 and IPv6 literals.
  std::vector<std::string> addresses;
  bool operator==(const SubjectNames&) const = default;
};

/// A self-signed CA for ten years, allowed to sign end certificates only (path length 0). Throws
/// std::runtime_error.
CertifiedKey make_certificate_authority(const std::string& common_name, Timestamp now);

/// A TLS server certificate under `authority` for 397 days, what clients accept at most. Throws
/// std::runtime_error, also when a name is not valid.
CertifiedKey issue_server_certificate(const CertifiedKey& authority, const SubjectNames& names,
                                      Timestamp now);

/// The names in the first certificate of a PEM text, in the order of the certificate, and when it expires.
/// Throws std::runtime_error when there is none.
struct CertificateFacts {
  SubjectNames names;
  Timestamp expires;
};
CertificateFacts read_certificate(const std::string& pem);

}  // namespace postern::net
