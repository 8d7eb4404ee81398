#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/encoding.h"

namespace postern::auth {

/// An identity provider's signing key, for tests: the other side of jwks.h.
class TestSigner {
 public:
  /// `RS256` or `ES256`.
  TestSigner(std::string algorithm, std::string key_id)
      : algorithm_(std::move(algorithm)), key_id_(std::move(key_id)) {
    key_.reset(rsa() ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), EVP_PKEY_free);
    POSTERN_CHECK(key_ != nullptr);
  }

  boost::json::object jwk() const {
    boost::json::object key{{"kid", key_id_}, {"use", "sig"}, {"alg", algorithm_}};
    if (rsa()) {
      key["kty"] = "RSA";
      key["n"] = number(OSSL_PKEY_PARAM_RSA_N, 256);
      key["e"] = number(OSSL_PKEY_PARAM_RSA_E, 3);
    } else {
      key["kty"] = "EC";
      key["crv"] = "P-256";
      key["x"] = number(OSSL_PKEY_PARAM_EC_PUB_X, 32);
      key["y"] = number(OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }
    return key;
  }

  std::string sign(const boost::json::object& claims) const {
    return sign(boost::json::object{{"alg", algorithm_}, {"kid", key_id_}, {"typ", "JWT"}}, claims);
  }

  std::string sign(const boost::json::object& header, const boost::json::object& claims) const {
    const auto text = part(header) + '.' + part(claims);
    return text + '.' + to_base64url(signature(text));
  }

  static std::string part(const boost::json::object& object) {
    return to_base64url(as_bytes(boost::json::serialize(object)));
  }

 private:
  bool rsa() const { return algorithm_ == "RS256"; }

  std::string number(const char* name, std::size_t size) const {
    BIGNUM* value = nullptr;
    POSTERN_CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &value) == 1);
    Bytes bytes(size);
    POSTERN_CHECK(BN_bn2binpad(value, bytes.data(), static_cast<int>(size)) > 0);
    BN_free(value);
    return to_base64url(bytes);
  }

  Bytes signature(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    POSTERN_CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
    std::size_t size = 0;
    POSTERN_CHECK(EVP_DigestSign(context.get(), nullptr, &size, as_bytes(text).data(), text.size()) == 1);
    Bytes bytes(size);
    POSTERN_CHECK(EVP_DigestSign(context.get(), bytes.data(), &size, as_bytes(text).data(), text.size()) ==
                  1);
    bytes.resize(size);
    if (rsa()) return bytes;
    const auto* at = bytes.data();
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(bytes.size()));
    Bytes joined(64);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), joined.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), joined.data() + 32, 32);
    ECDSA_SIG_free(pair);
    return joined;
  }

  std::string algorithm_;
  std::string key_id_;
  std::shared_ptr<EVP_PKEY> key_;
};

inline std::string test_key_set(const std::vector<TestSigner>& signers) {
  boost::json::array keys;
  for (const auto& signer : signers) keys.emplace_back(signer.jwk());
  return boost::json::serialize(boost::json::object{{"keys", keys}});
}

}  // namespace postern::auth
