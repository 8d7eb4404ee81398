#include "aws/page_token.h"

#include <gtest/gtest.h>

namespace postern::aws {
namespace {

const Secret kKey("0123456789abcdef0123456789abcdef");

TEST(PageToken, RoundTrips) {
  for (const std::string& payload : {std::string(), std::string("mi-0123"), std::string("\0\xff?>", 4)}) {
    const auto token = encode_page_token(payload, "DescribeSessions", kKey);
    EXPECT_EQ(token.find_first_of("+/"), std::string::npos);
    EXPECT_EQ(decode_page_token(token, "DescribeSessions", kKey).value(), payload);
  }
}

TEST(PageToken, RefusesForeignAndChangedTokens) {
  const auto token = encode_page_token("mi-0123", "DescribeSessions", kKey);
  EXPECT_FALSE(decode_page_token(token, "ListDocuments", kKey));
  EXPECT_FALSE(decode_page_token(token, "DescribeSessions", Secret("other")));
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    auto changed = token;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_page_token(changed, "DescribeSessions", kKey)) << bit;
  }
  for (std::size_t length = 0; length < token.size(); ++length) {
    const auto decoded = decode_page_token(token.substr(0, length), "DescribeSessions", kKey);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, "InvalidNextToken");
  }
}

}  // namespace
}  // namespace postern::aws
