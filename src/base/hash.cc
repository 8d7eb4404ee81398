#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "base/encoding.h"

namespace postern {

// The one-shot SHA256() fetches nothing and allocates nothing, unlike EVP_Digest: it is on the relay's path.
Sha256 sha256(ByteView data) {
  Sha256 digest;
  ::SHA256(data.data(), data.size(), digest.data());
  return digest;
}

std::string sha256_hex(std::string_view text) {
  return to_hex(sha256(text));
}

Sha256 hmac_sha256(ByteView key, ByteView data) {
  Sha256 mac;
  unsigned length = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
                          mac.data(), &length);
  POSTERN_CHECK(done != nullptr && length == mac.size());
  return mac;
}

void Sha256Hasher::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
  POSTERN_CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

Sha256Hasher::~Sha256Hasher() = default;

void Sha256Hasher::update(ByteView data) {
  POSTERN_CHECK(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
}

Sha256 Sha256Hasher::so_far() const {
  Sha256Hasher copy;
  POSTERN_CHECK(EVP_MD_CTX_copy_ex(copy.context_.get(), context_.get()) == 1);
  return copy.finish();
}

Sha256 Sha256Hasher::finish() {
  Sha256 digest;
  POSTERN_CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  return digest;
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace postern
