#pragma once

#include <memory>
#include <string>

#include "base/secret.h"

struct ssl_ctx_st;

namespace postern::net {

/// A server's certificate and key; TLS 1.2 at least, ALPN http/1.1 only, no session tickets. Thread-safe once
/// made.
class TlsServerContext {
 public:
  /// PEM texts: the certificate followed by its chain, and the private key. Throws std::runtime_error saying
  /// what is wrong.
  TlsServerContext(const std::string& certificate_chain_pem, const Secret& private_key_pem);
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

/// What a client trusts; verification of chain and host name is always on. Thread-safe once made.
class TlsClientContext {
 public:
  /// A PEM bundle used instead of the system's store; empty means the system's store. Throws
  /// std::runtime_error.
  explicit TlsClientContext(const std::string& ca_bundle_file = {});
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace postern::net
