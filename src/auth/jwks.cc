#include "auth/jwks.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <boost/describe.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.h"
#include "base/json_codec.h"

namespace postern::auth {
namespace {

constexpr std::string_view kHttps = "https://";
// RSA keys that are too short to mean anything, or so long that verifying is a way to keep us busy.
constexpr std::size_t kMinRsaBytes = 2048 / 8;
constexpr std::size_t kMaxRsaBytes = 8192 / 8;
constexpr std::size_t kMaxExponentBytes = 8;

struct DiscoveryText {
  static constexpr auto kMemberNames = MemberNames::kSnake;
  std::string issuer;
  std::string jwks_uri;
};
BOOST_DESCRIBE_STRUCT(DiscoveryText, (), (issuer, jwks_uri))

/// RFC 7517 section 4, RFC 7518 section 6.
struct KeyText {
  static constexpr auto kMemberNames = MemberNames::kSnake;
  std::optional<std::string> kty;
  std::optional<std::string> use;
  std::optional<std::string> alg;
  std::optional<std::string> kid;
  std::optional<std::string> n;
  std::optional<std::string> e;
  std::optional<std::string> crv;
  std::optional<std::string> x;
  std::optional<std::string> y;
};
BOOST_DESCRIBE_STRUCT(KeyText, (), (kty, use, alg, kid, n, e, crv, x, y))

struct KeySetText {
  static constexpr auto kMemberNames = MemberNames::kSnake;
  boost::json::value keys;
};
BOOST_DESCRIBE_STRUCT(KeySetText, (), (keys))

template <auto Function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using ParamsBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;
using PublicKey = std::shared_ptr<evp_pkey_st>;

struct Curve {
  std::string_view name;
  const char* group;
  std::size_t bytes;
};
constexpr std::array<Curve, 3> kCurves = {{
    {"P-256", "prime256v1", 32},
    {"P-384", "secp384r1", 48},
    {"P-521", "secp521r1", 66},
}};

const Curve* find_curve(std::string_view name) {
  for (const auto& curve : kCurves) {
    if (curve.name == name) return &curve;
  }
  return nullptr;
}

struct Algorithm {
  const char* digest;
  /// `RSA` or the curve.
  std::string_view kind;
};

Algorithm details(JwsAlgorithm algorithm) {
  switch (algorithm) {
    case JwsAlgorithm::kRs256:
      return {"SHA256", "RSA"};
    case JwsAlgorithm::kRs384:
      return {"SHA384", "RSA"};
    case JwsAlgorithm::kRs512:
      return {"SHA512", "RSA"};
    case JwsAlgorithm::kEs256:
      return {"SHA256", "P-256"};
    case JwsAlgorithm::kEs384:
      return {"SHA384", "P-384"};
    case JwsAlgorithm::kEs512:
      return {"SHA512", "P-521"};
  }
  return {};
}

Number number_of(ByteView bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

PublicKey make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return {key, EVP_PKEY_free};
}

PublicKey rsa_key(const KeyText& text) {
  const auto n = from_base64url(text.n.value_or(""));
  const auto e = from_base64url(text.e.value_or(""));
  if (!n || !e || n->size() < kMinRsaBytes || n->size() > kMaxRsaBytes || e->empty() ||
      e->size() > kMaxExponentBytes)
    return nullptr;
  const auto modulus = number_of(*n);
  const auto exponent = number_of(*e);
  const ParamsBuilder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  return make_key("RSA", builder.get());
}

PublicKey ec_key(const KeyText& text, const Curve& curve) {
  const auto x = from_base64url(text.x.value_or(""));
  const auto y = from_base64url(text.y.value_or(""));
  // RFC 7518 section 6.2.1.2: always the full size of the curve.
  if (!x || !y || x->size() != curve.bytes || y->size() != curve.bytes) return nullptr;
  Bytes point = {0x04};
  point.insert(point.end(), x->begin(), x->end());
  point.insert(point.end(), y->begin(), y->end());
  const ParamsBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1)
    return nullptr;
  return make_key("EC", builder.get());
}

// JOSE writes the two numbers of an ECDSA signature one after the other (RFC 7518 section 3.4), OpenSSL wants
// DER.
Bytes to_der(ByteView signature, const Curve& curve) {
  if (signature.size() != 2 * curve.bytes) return {};
  const EcSignature pair(ECDSA_SIG_new());
  auto r = number_of(signature.first(curve.bytes));
  auto s = number_of(signature.last(curve.bytes));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  std::uint8_t* encoded = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &encoded);
  if (length <= 0) return {};
  Bytes der(encoded, encoded + length);
  OPENSSL_free(encoded);
  return der;
}

bool verify(EVP_PKEY* key, const Algorithm& algorithm, std::string_view text, ByteView signature) {
  Bytes der;
  if (const auto* curve = find_curve(algorithm.kind)) {
    der = to_der(signature, *curve);
    signature = der;
  }
  const DigestContext context(EVP_MD_CTX_new());
  if (!context || signature.empty() ||
      EVP_DigestVerifyInit_ex(context.get(), nullptr, algorithm.digest, nullptr, nullptr, key, nullptr) != 1)
    return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), as_bytes(text).data(),
                          text.size()) == 1;
}

}  // namespace

std::string discovery_url(std::string_view provider_url) {
  while (provider_url.ends_with('/')) provider_url.remove_suffix(1);
  return std::string(provider_url) + "/.well-known/openid-configuration";
}

std::expected<Discovery, std::string> parse_discovery(std::string_view text, std::string_view provider_url) {
  auto found = decode_json_text<DiscoveryText>(text);
  if (!found) return std::unexpected("the discovery document is not valid: " + found.error().message());
  if (found->issuer != provider_url)
    return std::unexpected(
        fmt::format("the discovery document of {} says to be that of another issuer", provider_url));
  if (!found->jwks_uri.starts_with(kHttps))
    return std::unexpected("the jwks_uri of the discovery document is not an https address");
  return Discovery{std::move(found->issuer), std::move(found->jwks_uri)};
}

std::expected<KeySet, std::string> KeySet::parse(std::string_view text) {
  const auto found = decode_json_text<KeySetText>(text);
  if (!found || !found->keys.is_array()) return std::unexpected("the key set has no list of keys");
  KeySet set;
  for (const auto& value : found->keys.get_array()) {
    if (set.keys_.size() == kMaxKeys) break;
    const auto key = decode_json<KeyText>(value);
    if (!key || !key->kty || key->use.value_or("sig") != "sig") continue;
    std::optional<JwsAlgorithm> algorithm;
    if (key->alg) {
      algorithm = parse_jws_algorithm(*key->alg);
      if (!algorithm) continue;
    }
    const auto* curve = *key->kty == "EC" ? find_curve(key->crv.value_or("")) : nullptr;
    auto made = *key->kty == "RSA" ? rsa_key(*key) : curve != nullptr ? ec_key(*key, *curve) : nullptr;
    if (!made) continue;
    set.keys_.push_back({key->kid.value_or(""), curve != nullptr ? std::string(curve->name) : "RSA",
                         algorithm, std::move(made)});
  }
  return set;
}

bool KeySet::fits(const Key& key, const Jwt& token) {
  return (token.key_id.empty() || key.id == token.key_id) && key.kind == details(token.algorithm).kind &&
         (!key.algorithm || *key.algorithm == token.algorithm);
}

bool KeySet::has_key_for(const Jwt& token) const {
  for (const auto& key : keys_) {
    if (fits(key, token)) return true;
  }
  return false;
}

bool KeySet::verifies(const Jwt& token) const {
  for (const auto& key : keys_) {
    if (fits(key, token) &&
        verify(key.key.get(), details(token.algorithm), token.signed_text, token.signature))
      return true;
  }
  return false;
}

}  // namespace postern::auth
