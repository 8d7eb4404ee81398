#include "base/encoding.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(Hex, RoundTripsAndRefuses) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x7f, 0xff}), "007fff");
  EXPECT_EQ(from_hex("007fFF"), (Bytes{0x00, 0x7f, 0xff}));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Base64, FollowsTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
    EXPECT_EQ(from_base64(encoded), to_bytes(plain));
  }
}

TEST(Base64, IsStrict) {
  for (const auto* text :
       {"Zg", "Zg=", "Zh==", "Z===", "====", "Zm9=", "Zm 9v", "Zm9v\n", "Zm=v", "Zg==Zg=="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Base64Url, ReadsWhatItWritesAndNothingElse) {
  const Bytes bytes = {0xfb, 0xff, 0xfe, 0x01};
  EXPECT_EQ(to_base64url(bytes), "-__-AQ");
  EXPECT_EQ(from_base64url("-__-AQ"), bytes);
  EXPECT_EQ(from_base64url(""), Bytes{});
  for (const auto* wrong : {"-__-AQ==", "+//+AQ", "-__-A", "-__-AR", "-__ AQ"})
    EXPECT_FALSE(from_base64url(wrong)) << wrong;
}

// The vectors of RFC 4648 section 10, without their padding.
TEST(Base32, MatchesTheRfc) {
  EXPECT_EQ(to_base32(as_bytes("")), "");
  EXPECT_EQ(to_base32(as_bytes("f")), "MY");
  EXPECT_EQ(to_base32(as_bytes("fo")), "MZXQ");
  EXPECT_EQ(to_base32(as_bytes("foo")), "MZXW6");
  EXPECT_EQ(to_base32(as_bytes("foob")), "MZXW6YQ");
  EXPECT_EQ(to_base32(as_bytes("fooba")), "MZXW6YTB");
  EXPECT_EQ(to_base32(as_bytes("foobar")), "MZXW6YTBOI");
}

}  // namespace
}  // namespace postern
