#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace postern::net {
namespace {

template <auto Function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

[[noreturn]] void fail(const std::string& what) {
  const auto code = ERR_peek_last_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  throw std::runtime_error(reason ? what + ": " + reason : what);
}

/// OpenSSL's default would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                unsigned int offered_length, void*) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_length, kAlpn.data(), kAlpn.size(), offered, offered_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) fail("TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else anyway.
  if (SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) fail("TLS ciphers");
  // AES-128 before AES-256: as safe here, and a quarter less work. The server's order counts, except for a
  // client that prefers ChaCha because it has no AES instructions.
  if (SSL_CTX_set_ciphersuites(
          context.get(), "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") != 1) {
    fail("TLS 1.3 ciphers");
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

}  // namespace

TlsServerContext::TlsServerContext(const std::string& certificate_chain_pem, const Secret& private_key_pem)
    : context_(make_context(TLS_server_method())) {
  SSL_CTX_set_num_tickets(context_.get(), 0);
  SSL_CTX_set_alpn_select_cb(context_.get(), select_alpn, nullptr);

  const BioPtr chain(
      BIO_new_mem_buf(certificate_chain_pem.data(), static_cast<int>(certificate_chain_pem.size())));
  const X509Ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
  if (!leaf) fail("server certificate: no PEM certificate");
  if (SSL_CTX_use_certificate(context_.get(), leaf.get()) != 1) fail("server certificate");
  while (const X509Ptr issuer{PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context_.get(), issuer.get()) != 1) fail("server certificate chain");
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) fail("server certificate chain");
  ERR_clear_error();

  const auto& key_pem = private_key_pem.reveal();
  const BioPtr key_bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) fail("server private key: no unencrypted PEM key");
  if (SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) fail("server private key");
  if (SSL_CTX_check_private_key(context_.get()) != 1) fail("server private key");
}

TlsClientContext::TlsClientContext(const std::string& ca_bundle_file)
    : context_(make_context(TLS_client_method())) {
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context_.get(), kAlpn.data(), kAlpn.size());
  if (ca_bundle_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context_.get()) != 1) fail("the system's trust store");
  } else if (SSL_CTX_load_verify_file(context_.get(), ca_bundle_file.c_str()) != 1) {
    fail("CA bundle " + ca_bundle_file);
  }
}

}  // namespace postern::net
