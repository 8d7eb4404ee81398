#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace postern {
namespace {

TEST(Sha256, KnowsThePublishedDigests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, IsTheSameInPieces) {
  Sha256Hasher hasher;
  hasher.update(as_bytes("a"));
  hasher.update(as_bytes("bc"));
  EXPECT_EQ(hasher.finish(), sha256("abc"));
}

TEST(HmacSha256, KnowsRfc4231Case2) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Sha256Hasher, TellsTheHashSoFarAndGoesOn) {
  Sha256Hasher hasher;
  hasher.update(as_bytes("ab"));
  EXPECT_EQ(hasher.so_far(), sha256("ab"));
  hasher.update(as_bytes("c"));
  EXPECT_EQ(hasher.finish(), sha256("abc"));
}

TEST(EqualInConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace postern
