#include "agent/session_document.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace postern::agent {
namespace {

wire::SessionDocument document(const char* inputs, const char* properties = "null") {
  wire::SessionDocument out;
  out.inputs = boost::json::parse(inputs);
  out.properties = boost::json::parse(properties);
  return out;
}

TEST(SessionDocument, ReadsInputs) {
  const auto inputs = read_inputs(document(
      R"({"kmsKeyId":"k","runAsEnabled":"true","runAsDefaultUser":"bob","shellProfile":{"linux":"cd /","windows":"x"},"idleSessionTimeout":"20"})"));
  ASSERT_TRUE(inputs) << inputs.error();
  EXPECT_EQ(inputs->kms_key_id, "k");
  EXPECT_TRUE(inputs->run_as_enabled);
  EXPECT_EQ(inputs->run_as_default_user, "bob");
  EXPECT_EQ(inputs->shell_profile, "cd /");
  for (const char* empty : {"null", "{}", "\"\"", R"({"runAsEnabled":"","shellProfile":null})"}) {
    const auto none = read_inputs(document(empty));
    ASSERT_TRUE(none) << empty << none.error();
    EXPECT_FALSE(none->run_as_enabled) << empty;
  }
}

TEST(SessionDocument, SaysWhatIsWrongWithInputs) {
  for (const auto& [inputs, part] : {std::pair{R"({"kmsKeyId":1})", "kmsKeyId"},
                                     {R"({"runAsEnabled":"yes"})", "runAsEnabled"},
                                     {R"({"shellProfile":{"linux":true}})", "shellProfile.linux"},
                                     {"[]", "an object"}}) {
    const auto read = read_inputs(document(inputs));
    ASSERT_FALSE(read) << inputs;
    EXPECT_NE(read.error().find(part), std::string::npos) << read.error();
  }
}

TEST(SessionDocument, ReadsCommands) {
  const auto command = read_command_properties(document(
      "{}",
      R"({"linux":{"commands":"ls -l","runAsElevated":true,"separateOutputStream":"true","stdOutSeparatorPrefix":"o:"},"windows":{}})"));
  ASSERT_TRUE(command) << command.error();
  EXPECT_EQ(command->commands, "ls -l");
  EXPECT_TRUE(command->run_as_elevated);
  EXPECT_TRUE(command->separate_output_stream);
  EXPECT_EQ(command->std_out_separator_prefix, "o:");
  for (const char* none : {"null", "{}", "\"\"", R"({"windows":{"commands":"dir"}})"}) {
    const auto read = read_command_properties(document("{}", none));
    ASSERT_TRUE(read) << none;
    EXPECT_EQ(read->commands, "") << none;
  }
}

TEST(SessionDocument, SaysWhatIsWrongWithCommands) {
  for (const char* bad :
       {R"({"linux":{"commands":["ls"]}})", R"({"linux":[]})", R"({"linux":{"separateOutputStream":1}})",
        R"({"linux":{"stdErrSeparatorPrefix":"a b"}})"}) {
    EXPECT_FALSE(read_command_properties(document("{}", bad))) << bad;
  }
  EXPECT_TRUE(valid_output_prefix(std::string(30, 'x')));
  EXPECT_FALSE(valid_output_prefix(std::string(31, 'x')));
}

}  // namespace
}  // namespace postern::agent
