#include "base/secret.h"

#include <gtest/gtest.h>

#include <sstream>

namespace postern {
namespace {

TEST(Secret, NeverPrintsItself) {
  const Secret secret("wJalrXUtnFEMI");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "<secret>");
  EXPECT_EQ(fmt::format("{}", secret), "<secret>");
  EXPECT_EQ(secret.reveal(), "wJalrXUtnFEMI");
}

TEST(Secret, MovesEmptyTheSource) {
  Secret from("a secret longer than any small-string buffer");
  const Secret to(std::move(from));
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): the emptied state is the point
  EXPECT_FALSE(to.empty());
}

}  // namespace
}  // namespace postern
