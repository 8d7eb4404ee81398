#include "agent/session_manager.h"

#include <gtest/gtest.h>

namespace postern::agent {
namespace {

TEST(SessionId, MayOnlyHaveWhatAPathCarries) {
  for (const char* good : {"alice-0a1b2c3d4e5f67890", "a@b.c-0", "x", "a+b=c,d:e_f"}) {
    EXPECT_TRUE(valid_session_id(good)) << good;
  }
  for (const char* bad : {"", "a/b", "a b", "a%2f", "a?b", "a#b", "a\nb", "\xc3\xa9"}) {
    EXPECT_FALSE(valid_session_id(bad)) << bad;
  }
  EXPECT_TRUE(valid_session_id(std::string(124, 'x')));
  EXPECT_FALSE(valid_session_id(std::string(125, 'x')));
}

}  // namespace
}  // namespace postern::agent
