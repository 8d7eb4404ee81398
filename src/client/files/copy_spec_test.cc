#include "client/files/copy_spec.h"

#include <gtest/gtest.h>

namespace postern::client {
namespace {

TEST(CopyPlace, IsOnANodeWithAColonBeforeTheFirstSlash) {
  const struct {
    const char* text;
    CopyPlace place;
  } kCases[] = {
      {"web-1:/etc/hosts", {"web-1", "/etc/hosts"}},
      {"web-1:", {"web-1", ""}},
      {"mi-0123456789abcdef0:a b", {"mi-0123456789abcdef0", "a b"}},
      {"tag:Role=db:/var/log", {"tag:Role=db", "/var/log"}},
      {"web-1:/a:b", {"web-1", "/a:b"}},
      {"/tmp/a:b", {std::nullopt, "/tmp/a:b"}},
      {"./a:b", {std::nullopt, "./a:b"}},
      {"file", {std::nullopt, "file"}},
      {":x", {std::nullopt, ":x"}},
      {"tag:Role=db", {std::nullopt, "tag:Role=db"}},
  };
  for (const auto& [text, place] : kCases) EXPECT_EQ(parse_copy_place(text), place) << text;
}

TEST(PlanCopy, TellsTheDirection) {
  EXPECT_EQ(plan_copy({"a", "b", "web:/tmp"}),
            (CopyPlan{CopyPlan::Direction::kUpload, "web", {"a", "b"}, "/tmp"}));
  EXPECT_EQ(plan_copy({"web:/a", "web:/b", "."}),
            (CopyPlan{CopyPlan::Direction::kDownload, "web", {"/a", "/b"}, "."}));
  EXPECT_EQ(plan_copy({"a", "web:"}), (CopyPlan{CopyPlan::Direction::kUpload, "web", {"a"}, "."}));
}

TEST(PlanCopy, SaysWhatIsWrong) {
  const struct {
    std::vector<std::string> arguments;
    const char* says;
  } kCases[] = {
      {{"a"}, "a source and a destination"},          {{"a", "b"}, "both ends are on this machine"},
      {{"web:/a", "db:/b"}, "both on nodes"},         {{"web:/a", "db:/b", "."}, "two nodes, web and db"},
      {{"web:/a", "b", "."}, "b is on this machine"}, {{"web:", "."}, "no path"},
  };
  for (const auto& [arguments, says] : kCases) {
    const auto plan = plan_copy(arguments);
    ASSERT_FALSE(plan) << says;
    EXPECT_NE(plan.error().find(says), std::string::npos) << plan.error();
  }
}

}  // namespace
}  // namespace postern::client
