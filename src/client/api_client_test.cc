#include "client/api_client.h"

#include <gtest/gtest.h>

namespace postern::client {
namespace {

TEST(ParseErrorAnswer, ReadsCodeAndMessage) {
  const auto error = parse_error_answer(
      400, R"({"__type":"com.amazonaws.ssm#TargetNotConnected","Message":"i-1 is not connected."})");
  EXPECT_EQ(error.code, "TargetNotConnected");
  EXPECT_EQ(error.message, "i-1 is not connected.");
  EXPECT_EQ(error.status, 400U);
}

TEST(ParseErrorAnswer, SurvivesAnythingElse) {
  for (const auto* body : {"", "<html>", "[]", "null", R"({"__type":7})"}) {
    const auto error = parse_error_answer(502, body);
    EXPECT_EQ(error.code, "HTTP 502") << body;
    EXPECT_TRUE(is_transient(error));
  }
}

TEST(IsTransient, KnowsWhatMayPass) {
  EXPECT_TRUE(is_transient({"ThrottlingException", 400, ""}));
  EXPECT_TRUE(is_transient({"InternalServerError", 500, ""}));
  EXPECT_TRUE(is_transient({std::string(kConnectionError), 0, ""}));
  EXPECT_FALSE(is_transient({"AccessDeniedException", 400, ""}));
}

TEST(Explain, SaysWhatToDo) {
  EXPECT_EQ(explain({"AccessDeniedException", 400, "User: x is not authorized"}),
            "AccessDeniedException: User: x is not authorized");
  EXPECT_EQ(explain({"TargetNotConnected", 400, "i-1 is not connected"}),
            "TargetNotConnected: i-1 is not connected. `postern nodes` shows which nodes are online.");
  EXPECT_NE(explain({std::string(kConnectionError), 0, "connect to h:1: certificate verify failed"})
                .find("--ca-bundle"),
            std::string::npos);
}

}  // namespace
}  // namespace postern::client
