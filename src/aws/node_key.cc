#include "aws/node_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdexcept>

#include "base/bytes.h"
#include "base/encoding.h"

namespace postern::aws {
namespace {

constexpr int kKeyBits = 2048;
// Verification of longer keys costs more than it is worth to anybody but a flooder.
constexpr int kMaxKeyBits = 4096;

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using ContextPtr = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

void must(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("OpenSSL failed to ") + what);
}

// A PEM file under a pass phrase would else ask for it on the terminal.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

KeyPtr read_spki(std::string_view spki_base64) {
  KeyPtr none(nullptr, EVP_PKEY_free);
  const auto der = from_base64(spki_base64);
  if (!der) return none;
  const unsigned char* at = der->data();
  KeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())), EVP_PKEY_free);
  ERR_clear_error();
  // Bytes behind the structure would give one key several registered forms.
  if (!key || at != der->data() + der->size()) return none;
  return key;
}

std::expected<void, std::string> check_key(const EVP_PKEY* key) {
  if (key == nullptr) return std::unexpected("not a SubjectPublicKeyInfo in base64");
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return std::unexpected("not an RSA key");
  if (EVP_PKEY_get_bits(key) < kKeyBits) return std::unexpected("an RSA key with fewer than 2048 bits");
  if (EVP_PKEY_get_bits(key) > kMaxKeyBits) return std::unexpected("an RSA key with more than 4096 bits");
  return {};
}

bool use_pss(EVP_PKEY_CTX* context, int salt) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1;
}

}  // namespace

NodeKey::NodeKey(evp_pkey_st* key) : key_(key, EVP_PKEY_free) {}

NodeKey NodeKey::generate() {
  EVP_PKEY* key = EVP_RSA_gen(kKeyBits);
  must(key != nullptr, "generate an RSA key");
  return NodeKey(key);
}

std::expected<NodeKey, std::string> NodeKey::from_pem(const Secret& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())), BIO_free_all);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr), EVP_PKEY_free);
  ERR_clear_error();
  if (!key) return std::unexpected("not an unencrypted private key in PEM");
  if (auto ok = check_key(key.get()); !ok) return std::unexpected(ok.error());
  return NodeKey(key.release());
}

Secret NodeKey::pem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()), BIO_free_all);
  must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "write a private key");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret(std::string(data, static_cast<std::size_t>(size)));
}

std::string NodeKey::public_key_base64() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  must(size > 0, "write a public key");
  auto text = to_base64({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return text;
}

std::string NodeKey::sign_base64(std::string_view text) const {
  const ContextPtr context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* key_context = nullptr;
  must(EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr, key_.get()) == 1 &&
           use_pss(key_context, RSA_PSS_SALTLEN_DIGEST),
       "prepare a signature");
  std::size_t size = 0;
  const auto bytes = as_bytes(text);
  must(EVP_DigestSign(context.get(), nullptr, &size, bytes.data(), bytes.size()) == 1, "size a signature");
  Bytes signature(size);
  must(EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) == 1, "sign");
  signature.resize(size);
  return to_base64(signature);
}

bool verify_rsa_pss(std::string_view spki_base64, std::string_view text,
                    std::string_view signature_base64) noexcept {
  try {
    const auto key = read_spki(spki_base64);
    const auto signature = from_base64(signature_base64);
    if (!signature || !check_key(key.get())) return false;
    const ContextPtr context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_PKEY_CTX* key_context = nullptr;
    const auto bytes = as_bytes(text);
    const bool good =
        EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(), nullptr, key.get()) == 1 &&
        use_pss(key_context, RSA_PSS_SALTLEN_AUTO) &&
        EVP_DigestVerify(context.get(), signature->data(), signature->size(), bytes.data(), bytes.size()) ==
            1;
    ERR_clear_error();
    return good;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

std::expected<void, std::string> validate_public_key(std::string_view spki_base64) {
  return check_key(read_spki(spki_base64).get());
}

}  // namespace postern::aws
