#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/secret.h"

struct evp_pkey_st;

/// The RSA keys with which managed nodes sign for their role token (control-plane.md 2.3).
namespace postern::aws {

/// A node's private key, RSA with 2048 bits. Copies share the key; thread-safe.
class NodeKey {
 public:
  /// Throws std::runtime_error when OpenSSL can't.
  static NodeKey generate();
  /// Reads an unencrypted PKCS#8 or PKCS#1 key; the reason when it is not an RSA key of at least 2048 bits.
  static std::expected<NodeKey, std::string> from_pem(const Secret& pem);

  /// PKCS#8.
  Secret pem() const;
  /// SubjectPublicKeyInfo in DER and base64: 392 characters for 2048 bits, the form that is registered.
  std::string public_key_base64() const;
  /// RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes over `text`, base64.
  std::string sign_base64(std::string_view text) const;

 private:
  explicit NodeKey(evp_pkey_st* key);
  std::shared_ptr<evp_pkey_st> key_;
};

/// Whether the key of `spki_base64` made the signature; false too for a key or signature that can't be read.
/// Any salt length is accepted. Never throws.
bool verify_rsa_pss(std::string_view spki_base64, std::string_view text,
                    std::string_view signature_base64) noexcept;

/// What a node may register: an RSA SubjectPublicKeyInfo of 2048 to 4096 bits. The reason otherwise.
std::expected<void, std::string> validate_public_key(std::string_view spki_base64);

}  // namespace postern::aws
