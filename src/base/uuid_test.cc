#include "base/uuid.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

namespace postern {
namespace {

TEST(Uuid, RoundTrips) {
  const auto* text = "dd01e56b-ff48-483e-a508-b5f073f31b16";
  const auto uuid = Uuid::parse(text);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->to_string(), text);
}

TEST(Uuid, RandomIsVersion4) {
  const auto text = Uuid::random().to_string();
  EXPECT_EQ(text[14], '4');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  EXPECT_NE(Uuid::random(), Uuid::random());
}

TEST(Uuid, RefusesOtherForms) {
  for (const auto* text : {"", "dd01e56bff48483ea508b5f073f31b16", "dd01e56b-ff48-483e-a508-b5f073f31b1",
                           "dd01e56b-ff48-483e-a508-b5f073f31b1g", "dd01e56b-ff48-483ea-508-b5f073f31b16"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(Uuid, RandomOnesDifferBeyondOneStock) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(Uuid::random().to_string());
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Uuid, AChildProcessDrawsOthersThanItsParent) {
  (void)Uuid::random();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto child = fork();
  if (child == 0) {
    const auto id = Uuid::random();
    _exit(write(ends[1], id.bytes.data(), id.bytes.size()) == 16 ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  Uuid of_child;
  ASSERT_EQ(read(ends[0], of_child.bytes.data(), 16), 16);
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NE(Uuid::random(), of_child);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace postern
