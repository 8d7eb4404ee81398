#include "aws/node_key.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace postern::aws {
namespace {

// Made with the openssl program: a key of 2048 bits, its signatures of "text" with salts of 32 and 20 bytes,
// and keys that are not good enough.
constexpr const char* kPublicKey =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArh4sSsbPUn4AfqDAnN4hOEL+KlzWRngytW9f0XJulENEBIJjVfiFELtC"
    "bRDTS46CLSbfmxvaLBXl05rjaVAbg8Fzf1XdkWRveORibMv2NXSfoM+aPZlK5+vt3AKiSOi7vO9YPJMQdONxT1W2Vp79pnGRDUco"
    "c3FjknEP+Kw5ijQBU9w1stRqu5kKhx+/cR8p26hpiV3yceKjpZQIMUYRDZwljTpgdUUAm4oZEdW82eO+roh1VPrivJd/2+uB3Fqn"
    "9reWVFMeMPHrt+PH8HNRGYycgP2G/ooyX7hWME2JzjM+TO+B0riVRXSj8sRgawS1PdaiSrdKMI7O8qGJ3SntIQIDAQAB";
constexpr const char* kSignature =
    "G3RC3raiZd94hZe2IJG2JSidsScaSmFKiCPv+kqQj92ACaWlKhEE5wD/YPUZfAT3tObgTIKllCITr2X5/aIrHcfy2/IT7KWuFcAB"
    "NX7SW4vV/Al0njGeZSPObzS2eawzsCIftiqlxRfzFWyuBCD0Av/PuERCSrlAFQnJ572y961TsJd26aCZJT/k3DcmBRhjOU4Qwizd"
    "vK4AguTlOBXf0RCOTM+J2Oa+gSygTXyX1JOT49rCwwVJil9EvAUXW/U2GtBw9j2apB0I0utulZRIA9LgGOauCGAK39VvgYM8Wo3P"
    "SuaGIVQN0wM3BoDlf+p6HzKjc4N+m0GjAWFlG5G7og==";
constexpr const char* kSignatureWithShortSalt =
    "q9x9pIashGZK1PKsVf6fxMMSeDUHJxeduPYVXfHFFBE0lohBtjCUPX19O1QB/pNZ9MhaOEWTH1RAjO1vLmko6L0+xoFSdvpeepUr"
    "AzjBZoSly0YT3gqt8phM65G7Ui8mTrRopukeqrMJGwXB0IMgjZvSF236xrhFqC8uC/N2/KDT10YOAQ/LhZSvgTt0GI4wEclG2YRL"
    "dE6FQNpFd3XHwXURo2pc1kY5paN3I+Yal6ClbRgxPm0NGKoEjY2bK3sPat1otUvQkbnr5wBy13mqSjBVGrYF+occnsw1qwEtTcvp"
    "svGlLPk5pLMCivvjaOZiAFQ5HSZtLV5usGzRbESc/w==";
constexpr const char* kRsa1024 =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDK/8ZwhHt92mAJkieo8jKhXGlQQj37UTWON5Z80vVmdjJOuyzBgANHZaOEK+vy"
    "Ugc1gUE8QWV0mYDaj0JQsinOG41J3Arj4FYTDkLe9HfdgPAfxmCoWHef743nliLyQ+etOsOuptKi8f9LDiGOjlxAQo5+yOLfI94i"
    "v2TNGuov2wIDAQAB";
constexpr const char* kP256 =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEtiHyfI+5+2wARreGST+MXPlE1CGHddoCOh/lpOqNF4pCxXH2xyFVFX4xccXMeFsu"
    "sri51i/JGJ66K3zu+Mhp4Q==";

TEST(VerifyRsaPss, ControlPlaneTrap6_AcceptsWhatOpensslSigned) {
  EXPECT_TRUE(verify_rsa_pss(kPublicKey, "text", kSignature));
  EXPECT_TRUE(verify_rsa_pss(kPublicKey, "text", kSignatureWithShortSalt));
  EXPECT_FALSE(verify_rsa_pss(kPublicKey, "other text", kSignature));
}

TEST(VerifyRsaPss, RefusesEachFlippedBitAndEachLength) {
  const auto signature = *from_base64(kSignature);
  for (std::size_t bit = 0; bit < signature.size() * 8; bit += 3) {
    auto changed = signature;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(verify_rsa_pss(kPublicKey, "text", to_base64(changed))) << bit;
  }
  for (std::size_t length = 0; length < signature.size(); ++length) {
    EXPECT_FALSE(verify_rsa_pss(kPublicKey, "text", to_base64(ByteView(signature).first(length)))) << length;
  }
  const std::string key = kPublicKey;
  for (std::size_t length = 0; length < key.size(); ++length) {
    EXPECT_FALSE(verify_rsa_pss(key.substr(0, length), "text", kSignature)) << length;
  }
}

TEST(VerifyRsaPss, RefusesKeysThatAreNotRsaOrTooShort) {
  EXPECT_FALSE(verify_rsa_pss(kP256, "text", kSignature));
  EXPECT_FALSE(verify_rsa_pss(kRsa1024, "text", kSignature));
}

TEST(ValidatePublicKey, SaysWhatIsWrong) {
  EXPECT_TRUE(validate_public_key(kPublicKey));
  EXPECT_EQ(validate_public_key("").error(), "not a SubjectPublicKeyInfo in base64");
  EXPECT_EQ(validate_public_key("AAAA").error(), "not a SubjectPublicKeyInfo in base64");
  EXPECT_EQ(validate_public_key(kP256).error(), "not an RSA key");
  EXPECT_EQ(validate_public_key(kRsa1024).error(), "an RSA key with fewer than 2048 bits");
  auto der = *from_base64(kPublicKey);
  der.push_back(0);
  EXPECT_EQ(validate_public_key(to_base64(der)).error(), "not a SubjectPublicKeyInfo in base64");
}

TEST(NodeKey, SignsAndSurvivesItsPemForm) {
  const auto key = NodeKey::generate();
  const auto same = NodeKey::from_pem(key.pem());
  ASSERT_TRUE(same) << same.error();
  EXPECT_EQ(same->public_key_base64(), key.public_key_base64());
  EXPECT_TRUE(verify_rsa_pss(key.public_key_base64(), "text", same->sign_base64("text")));
  EXPECT_TRUE(validate_public_key(key.public_key_base64()));
}

// Agents' own SDK refuses to register a shorter text, so the length says which form is meant.
TEST(NodeKey, ControlPlaneTrap41_APublicKeyIsASubjectPublicKeyInfoOf392Characters) {
  const auto text = NodeKey::generate().public_key_base64();
  EXPECT_EQ(text.size(), 392U);
  EXPECT_TRUE(validate_public_key(text));
  // PKCS #1 has the same numbers without the 24 bytes that name the algorithm.
  const auto der = *from_base64(text);
  const auto pkcs1 = to_base64(ByteView(der).subspan(24));
  EXPECT_LT(pkcs1.size(), 392U);
  EXPECT_FALSE(validate_public_key(pkcs1));
}

TEST(NodeKey, RefusesWhatIsNoKey) {
  EXPECT_EQ(NodeKey::from_pem(Secret("nothing")).error(), "not an unencrypted private key in PEM");
}

}  // namespace
}  // namespace postern::aws
