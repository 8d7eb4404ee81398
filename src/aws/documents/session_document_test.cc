#include "aws/documents/session_document.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace postern::aws {
namespace {

using Kind = DocumentError::Kind;

std::expected<SessionDocument, DocumentError> json(std::string_view text) {
  return parse_session_document(text, DocumentFormat::kJson);
}

// A document of one parameter, whose definition is `definition`.
std::string with_parameter(std::string_view definition) {
  return fmt::format(R"({{"schemaVersion":"1.0","sessionType":"InteractiveCommands","parameters":{{"p":{}}},)"
                     R"("properties":{{"linux":{{"commands":"run {{{{ p }}}}"}}}}}})",
                     definition);
}

std::string with_inputs(std::string_view inputs) {
  return fmt::format(R"({{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{}}})", inputs);
}

std::string with_properties(std::string_view type, std::string_view properties) {
  return fmt::format(R"({{"schemaVersion":"1.0","sessionType":"{}","parameters":{{"p":{{"type":"String"}},)"
                     R"("list":{{"type":"StringList"}},"flag":{{"type":"Boolean"}}}},"properties":{}}})",
                     type, properties);
}

void expect_wrong(const std::string& text, std::string_view problem, Kind kind = Kind::kContent) {
  const auto parsed = json(text);
  ASSERT_FALSE(parsed) << text;
  EXPECT_EQ(parsed.error().kind, kind) << parsed.error().message;
  EXPECT_NE(parsed.error().message.find(problem), std::string::npos)
      << "got:      " << parsed.error().message << "\nexpected: " << problem;
}

TEST(SessionDocument, ReadsEverything) {
  const auto parsed = json(R"({
    "schemaVersion": "1.0", "description": "tail a log", "sessionType": "InteractiveCommands",
    "inputs": {"s3BucketName": "logs.example", "s3KeyPrefix": "a/b", "s3EncryptionEnabled": "true",
      "cloudWatchLogGroupName": "/ssm/x", "cloudWatchEncryptionEnabled": true,
      "cloudWatchStreamingEnabled": false, "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1-2",
      "runAsEnabled": true, "runAsDefaultUser": "{{ user }}", "idleSessionTimeout": 5,
      "maxSessionDuration": "60", "shellProfile": {"linux": "date", "windows": ""}},
    "parameters": {
      "user": {"type": "String", "description": "who", "default": "ops", "allowedPattern": "^[a-z]+$",
        "minChars": 1, "maxChars": 8, "displayType": "textfield"},
      "files": {"type": "StringList", "default": ["a", "b"], "minItems": 1, "maxItems": 3},
      "level": {"type": "String", "allowedValues": ["info", "debug"]},
      "count": {"type": "Integer", "default": 10}, "all": {"type": "Boolean", "default": "false"}},
    "properties": {"linux": {"commands": "tail -n {{count}} {{ files }}", "runAsElevated": "{{ all }}"}}})");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->type, SessionType::kInteractiveCommands);
  ASSERT_EQ(parsed->parameters.size(), 5U);
  EXPECT_EQ(parsed->parameters[0].name, "user");
  EXPECT_EQ(parsed->find_parameter("files")->default_value->get_array().size(), 2U);
  EXPECT_EQ(parsed->find_parameter("none"), nullptr);
}

TEST(SessionDocument, NamesWhatIsWrongAtTheTop) {
  expect_wrong("", "not valid JSON: line 1, column 1");
  expect_wrong("{\n  \"a\": tru\n}", "not valid JSON: line 2, column 8");
  expect_wrong("{} x", "extra data");
  expect_wrong("[]", "expected an object");
  expect_wrong("{}", "schemaVersion: is required", Kind::kSchemaVersion);
  expect_wrong(R"({"schemaVersion":1.0})", "expected \"1.0\" in quotes", Kind::kSchemaVersion);
  expect_wrong(R"({"schemaVersion":"2.2"})", "found \"2.2\"", Kind::kSchemaVersion);
  expect_wrong(R"({"schemaVersion":"1.0"})", "sessionType: expected Standard_Stream");
  expect_wrong(R"({"schemaVersion":"1.0","sessionType":"Shell"})", "sessionType: expected");
  expect_wrong(R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","mainSteps":[]})",
               "mainSteps: is not known");
  expect_wrong(R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","description":1})",
               "description: expected a string");
  expect_wrong(R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":null})",
               "inputs: expected an object");
  expect_wrong(R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","parameters":[]})",
               "parameters: expected an object");
  expect_wrong(R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","description":")" +
                   std::string(kMaxDocumentBytes, 'x') + "\"}",
               "at most 65536", Kind::kSize);
  expect_wrong(std::string(40, '[') + std::string(40, ']'), "not valid JSON");
  const auto yaml = parse_session_document("schemaVersion: 1.0\nsessionType: Port\n", DocumentFormat::kYaml);
  EXPECT_EQ(yaml.error().kind, Kind::kSchemaVersion);
}

TEST(SessionDocument, NamesWhatIsWrongWithParameters) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("x")", "parameters.p: expected an object"},
      {R"({})", "parameters.p.type: is required"},
      {R"({"type":"Number"})",
       "parameters.p.type: expected String, StringList, Integer or Boolean, found Number"},
      {R"({"type":"StringMap"})", "parameters.p.type: StartSession can't pass a StringMap"},
      {R"({"type":"String","pattern":"x"})", "parameters.p.pattern: is not known"},
      {R"({"type":"String","default":5})", "parameters.p.default: expected a string; write it in quotes"},
      {R"({"type":"StringList","default":"a"})", "parameters.p.default: expected a list of strings"},
      {R"({"type":"StringList","default":[1]})", "parameters.p.default: expected a list of strings"},
      {R"({"type":"Boolean","default":"yes"})", "parameters.p.default: it must be true or false"},
      {R"({"type":"Integer","default":"x"})", "parameters.p.default: it must be an integer"},
      {R"({"type":"String","default":"B","allowedPattern":"^[a-z]+$"})",
       "parameters.p.default: it does not match the allowedPattern ^[a-z]+$"},
      {R"({"type":"String","default":"{{ p }}"})",
       "parameters.p.default: a default can't contain placeholders"},
      {R"({"type":"String","default":"{{ssm:secret}}"})", "parameters.p.default: {{ ssm:"},
      {R"({"type":"String","allowedPattern":1})", "parameters.p.allowedPattern: expected a string"},
      {R"({"type":"String","allowedValues":[]})",
       "parameters.p.allowedValues: expected a list with at least one"},
      {R"({"type":"String","allowedValues":[1]})", "parameters.p.allowedValues: expected a list of strings"},
      {R"({"type":"String","minChars":-1})", "parameters.p.minChars: expected an integer"},
      {R"({"type":"String","minChars":"1"})", "parameters.p.minChars: expected an integer"},
      {R"({"type":"String","minChars":3,"maxChars":2})",
       "parameters.p.minChars: it is greater than maxChars"},
      {R"({"type":"String","minItems":1})", "parameters.p.minItems: it is for parameters of type StringList"},
      {R"({"type":"Boolean","maxChars":1})", "parameters.p.maxChars: it is for parameters of type String"},
      {R"({"type":"StringList","minItems":3,"maxItems":2})",
       "parameters.p.minItems: it is greater than maxItems"},
  };
  for (const auto& [definition, problem] : cases) expect_wrong(with_parameter(definition), problem);
  expect_wrong(
      R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","parameters":{"a-b":{"type":"String"}}})",
      "parameters.a-b: a name is letters and digits");
  std::string many = R"({"schemaVersion":"1.0","sessionType":"Standard_Stream","parameters":{)";
  for (int i = 0; i <= 200; ++i) many += fmt::format(R"({}"p{}":{{"type":"String"}})", i == 0 ? "" : ",", i);
  expect_wrong(many + "}}", "parameters: has 201 members");
}

// A node that can't compile a pattern ends the session without a word, so the document is not taken.
TEST(SessionDocument, ControlPlaneTrap32_PatternsAreThoseThatRe2Compiles) {
  for (const auto* pattern : {"(?=x)", "(?!x)", "(?<=x)y", R"((x)\\1)", "(", "(a{1000}){1000}"})
    expect_wrong(with_parameter(fmt::format(R"({{"type":"String","allowedPattern":"{}"}})", pattern)),
                 "parameters.p.allowedPattern: RE2, which also the agents use, can't compile it: ");
}

TEST(SessionDocument, NamesWhatIsWrongWithInputs) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"idleSessionTimeout":"0"})", "inputs.idleSessionTimeout: expected minutes, 1 to 60"},
      {R"({"idleSessionTimeout":61})", "inputs.idleSessionTimeout: expected minutes, 1 to 60"},
      {R"({"idleSessionTimeout":"1h"})", "inputs.idleSessionTimeout: expected minutes"},
      {R"({"idleSessionTimeout":1.5})", "inputs.idleSessionTimeout: expected minutes"},
      {R"({"idleSessionTimeout":null})", "inputs.idleSessionTimeout: expected minutes"},
      {R"({"maxSessionDuration":"1441"})", "inputs.maxSessionDuration: expected minutes, 1 to 1440"},
      {R"({"runAsEnabled":"yes"})", "inputs.runAsEnabled: expected true or false"},
      {R"({"runAsEnabled":1})", "inputs.runAsEnabled: expected true or false"},
      {R"({"runAsDefaultUser":"root"})", "inputs.runAsDefaultUser: agents refuse to run sessions as root"},
      {R"({"runAsDefaultUser":"a b"})", "inputs.runAsDefaultUser: expected the name of a user"},
      {R"({"s3BucketName":5})", "inputs.s3BucketName: expected a string; write it in quotes"},
      {R"({"s3BucketName":"A"})", "inputs.s3BucketName: expected the name of a bucket"},
      {R"({"s3KeyPrefix":"a\u0001"})", "inputs.s3KeyPrefix: expected"},
      {R"({"cloudWatchLogGroupName":"a b"})",
       "inputs.cloudWatchLogGroupName: expected the name of a log group"},
      {R"({"kmsKeyId":"a b"})", "inputs.kmsKeyId: expected the id"},
      {R"({"shellProfile":"x"})", "inputs.shellProfile: expected an object"},
      {R"({"shellProfile":{"macos":"x"}})", "inputs.shellProfile.macos: is not known"},
      {R"({"shellProfile":{"linux":1}})", "inputs.shellProfile.linux: expected a string"},
      {R"({"recordEverything":true})", "inputs.recordEverything: is not a session preference"},
      {R"({"recordEverything":"{{ p }}"})", "inputs.recordEverything: is not a session preference"},
      {R"({"kmsKeyId":"{{ nobody }}"})", "inputs.kmsKeyId: the placeholder {{ nobody }} names no parameter"},
  };
  for (const auto& [inputs, problem] : cases) expect_wrong(with_inputs(inputs), problem);
  expect_wrong(with_inputs(fmt::format(R"({{"shellProfile":{{"linux":"{}"}}}})", std::string(513, 'x'))),
               "has 513 characters; at most 512");
  // Characters, not bytes.
  std::string umlauts;
  for (int i = 0; i < 512; ++i) umlauts += "\xc3\xa4";
  EXPECT_TRUE(json(with_inputs(fmt::format(R"({{"shellProfile":{{"linux":"{}"}}}})", umlauts))));
}

TEST(SessionDocument, NamesWhatIsWrongWithProperties) {
  struct Case {
    const char* type;
    const char* properties;
    const char* problem;
  };
  const Case cases[] = {
      {"Standard_Stream", R"("x")", "properties: expected an object"},
      {"Standard_Stream", R"({"bsd":{}})", "properties.bsd: is not a platform"},
      {"Standard_Stream", R"({"linux":"bash"})", "properties.linux: expected an object with commands"},
      {"Standard_Stream", R"({"linux":{"command":"x"}})", "properties.linux.command: is not known"},
      {"InteractiveCommands", "null", "properties: is required for the session type InteractiveCommands"},
      {"InteractiveCommands", "{}", "properties: expected at least one of linux, macos and windows"},
      {"InteractiveCommands", R"({"linux":{}})", "properties.linux.commands: is required"},
      {"InteractiveCommands", R"({"linux":{"commands":["ls"]}})",
       "properties.linux.commands: expected a string"},
      {"InteractiveCommands", R"({"linux":{"commands":"ls","runAsElevated":"maybe"}})",
       "properties.linux.runAsElevated: expected true or false"},
      {"InteractiveCommands", R"({"linux":{"commands":"ls","separateOutputStream":true}})",
       "separateOutputStream: is not known"},
      {"NonInteractiveCommands", R"({"linux":{"commands":"ls","stdOutSeparatorPrefix":"$"}})",
       "stdOutSeparatorPrefix: expected at most 30"},
      {"NonInteractiveCommands", R"({"linux":{"commands":"ls","copyFiles":{"direction":"up","path":"/x"}}})",
       "copyFiles: direction: expected upload or download"},
      {"NonInteractiveCommands", R"({"linux":{"commands":"ls","copyFiles":{"path":"/x"}}})",
       "copyFiles: expected an object with direction and path"},
      {"InteractiveCommands", R"({"linux":{"commands":"{{ unknown }}"}})",
       "properties.linux.commands: the placeholder {{ unknown }} names no parameter"},
      {"InteractiveCommands", R"({"linux":{"commands":"{{ p{{ p }} }}"}})",
       "a placeholder can't stand inside another one"},
      {"InteractiveCommands", R"({"linux":{"commands":"{{ ssm:secret }}"}})", "there is no Parameter Store"},
      {"InteractiveCommands", R"({"linux":{"commands":"{{ssm-secure:secret}}"}})",
       "there is no Parameter Store"},
      {"Port", "null", "properties: is required for the session type Port"},
      {"Port", "{}", "properties.portNumber: is required"},
      {"Port", R"({"portNumber":22})", "properties.portNumber: expected a string; write it in quotes"},
      {"Port", R"({"portNumber":"0"})", "properties.portNumber: is required"},
      {"Port", R"({"portNumber":"70000"})", "properties.portNumber: expected a port"},
      {"Port", R"({"portNumber":"22","type":"Remote"})", "properties.type: expected LocalPortForwarding"},
      {"Port", R"({"portNumber":"22","localPortNumber":"x"})",
       "properties.localPortNumber: expected a port, 0 to 65535"},
      {"Port", R"({"portNumber":"22","host":"a b"})", "properties.host: expected a host name"},
      {"Port", R"({"portNumber":"22","user":"x"})", "properties.user: is not known"},
      {"Port", R"({"portNumber":"22","user":"{{ p }}"})", "properties.user: is not known"},
      {"Port", R"({"socket":"relative"})", "properties.socket: expected an absolute path"},
      {"Port", R"({"socket":"/x","portNumber":"1"})", "properties.socket: stands instead of"},
      {"Port", R"({"destinations":"*","type":"LocalPortForwarding"})",
       "properties.destinations: expected a list"},
      {"Port", R"({"destinations":["x"],"type":"LocalPortForwarding"})",
       "properties.destinations[0]: expected HOST:PORT"},
      {"Port", R"({"listeners":["x:y"],"type":"LocalPortForwarding"})",
       "properties.listeners[0]: the port must be"},
      {"Port", R"({"destinations":["*"]})", "properties.type: must be LocalPortForwarding"},
      {"Port", R"({"portNumber":"22","localConnectionType":"pipe"})",
       "properties.localConnectionType: expected tcp or unix"},
  };
  for (const auto& [type, properties, problem] : cases)
    expect_wrong(with_properties(type, properties), problem);
}

TEST(SessionDocument, LeavesOtherBracesAlone) {
  for (const auto* commands :
       {"docker ps --format '{{.Names}}'", "echo {{ json . }}", "echo {{", "echo }}", "{{}}"}) {
    const auto text =
        with_properties("InteractiveCommands", fmt::format(R"({{"linux":{{"commands":"{}"}}}})", commands));
    EXPECT_TRUE(json(text)) << commands << json(text).error().message;
  }
}

TEST(SessionDocument, SurvivesFlippedBitsAndTruncation) {
  const auto good = with_properties("NonInteractiveCommands",
                                    R"({"linux":{"commands":"{{ p }}","runAsElevated":"{{ flag }}"}})");
  ASSERT_TRUE(json(good)) << json(good).error().message;
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(json(good.substr(0, i)));
    for (int bit = 0; bit < 8; ++bit) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const auto parsed = json(bad);
      if (!parsed) {
        EXPECT_FALSE(parsed.error().message.empty());
      }
    }
  }
}

}  // namespace
}  // namespace postern::aws
