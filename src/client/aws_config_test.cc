#include "client/aws_config.h"

#include <gtest/gtest.h>

#include <map>

#include "client/credential_process.h"
#include "client/ini.h"

namespace postern::client {
namespace {

using Variables = std::map<std::string, std::string>;

Environment from(const Variables& variables) {
  return [&variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

constexpr const char* kConfig = R"(# comment
[default]
region = us-east-1
endpoint_url = https://default.example

[profile dev]
Region: eu-west-1
services = local
ca_bundle = ~/ca.pem
aws_access_key_id = CONFIGKEY
aws_secret_access_key = config-secret

[profile "two words"]
region = us-west-2

[profile sso]
sso_session = corp

[profile role]
role_arn = arn:aws:iam::123456789012:role/x

[profile process]
credential_process = /opt/keys --for "two words"

[profile quiet]
ignore_configured_endpoint_urls = true
endpoint_url = https://never.example

[services local]
ssm =
  endpoint_url = https://ssm.local:8443
s3 =
  endpoint_url = https://s3.local
)";

constexpr const char* kCredentials = R"([default]
aws_access_key_id = DEFAULTKEY
aws_secret_access_key = default-secret
[dev]
aws_access_key_id=DEVKEY
aws_secret_access_key=dev-secret
aws_session_token=dev-token
[half]
aws_access_key_id = HALF
)";

Settings resolve(const ConfigFlags& flags, const Variables& variables) {
  auto settings = resolve_settings(flags, from(variables), {kConfig, kCredentials});
  EXPECT_TRUE(settings) << settings.error();
  return settings ? std::move(*settings) : Settings{};
}

std::string problem(const ConfigFlags& flags, const Variables& variables = {}) {
  const auto settings = resolve_settings(flags, from(variables), {kConfig, kCredentials});
  return settings ? "none" : settings.error();
}

ConfigFlags profile(const char* name) {
  ConfigFlags flags;
  flags.profile = name;
  return flags;
}

TEST(ResolveSettings, TakesTheProfileFromFlagOrEnvironment) {
  EXPECT_EQ(resolve({}, {}).region, "us-east-1");
  EXPECT_EQ(resolve({}, {{"AWS_DEFAULT_PROFILE", "dev"}}).region, "eu-west-1");
  EXPECT_EQ(resolve({}, {{"AWS_PROFILE", "two words"}, {"AWS_DEFAULT_PROFILE", "dev"}}).region, "us-west-2");
  EXPECT_EQ(resolve(profile("dev"), {{"AWS_PROFILE", "two words"}}).region, "eu-west-1");
  EXPECT_EQ(problem(profile("absent")), "the profile absent does not exist");
}

TEST(ResolveSettings, OrdersTheRegionsSources) {
  ConfigFlags flags;
  flags.region = "flag";
  EXPECT_EQ(resolve(flags, {{"AWS_REGION", "env"}}).region, "flag");
  EXPECT_EQ(resolve({}, {{"AWS_REGION", "env"}, {"AWS_DEFAULT_REGION", "env2"}}).region, "env");
  EXPECT_EQ(resolve({}, {{"AWS_DEFAULT_REGION", "env2"}}).region, "env2");
}

TEST(ResolveSettings, OrdersTheEndpointsSources) {
  ConfigFlags flags;
  flags.endpoint_url = "https://flag";
  const Variables both = {{"AWS_ENDPOINT_URL_SSM", "https://ssm"}, {"AWS_ENDPOINT_URL", "https://all"}};
  EXPECT_EQ(resolve(flags, both).endpoint_url, "https://flag");
  EXPECT_EQ(resolve({}, both).endpoint_url, "https://ssm");
  EXPECT_EQ(resolve({}, {{"AWS_ENDPOINT_URL", "https://all"}}).endpoint_url, "https://all");
  EXPECT_EQ(resolve({}, {}).endpoint_url, "https://default.example");
  EXPECT_EQ(resolve(profile("dev"), {}).endpoint_url, "https://ssm.local:8443");
  EXPECT_EQ(resolve(profile("two words"), {}).endpoint_url, "");
}

TEST(ResolveSettings, IgnoresConfiguredEndpointsWhenTold) {
  const Variables ignore = {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"},
                            {"AWS_ENDPOINT_URL", "https://all"}};
  EXPECT_EQ(resolve({}, ignore).endpoint_url, "");
  EXPECT_EQ(resolve(profile("quiet"), {}).endpoint_url, "");
  EXPECT_EQ(resolve(profile("quiet"), {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"}}).endpoint_url,
            "https://never.example");
  auto flags = profile("quiet");
  flags.endpoint_url = "https://flag";
  EXPECT_EQ(resolve(flags, {}).endpoint_url, "https://flag");
}

TEST(ResolveSettings, FindsTheCaBundle) {
  EXPECT_EQ(resolve(profile("dev"), {{"HOME", "/home/me"}}).ca_bundle, "/home/me/ca.pem");
  EXPECT_EQ(resolve(profile("dev"), {{"AWS_CA_BUNDLE", "/etc/ca.pem"}}).ca_bundle, "/etc/ca.pem");
}

TEST(ResolveSettings, OrdersTheCredentialsSources) {
  const Variables keys = {
      {"AWS_ACCESS_KEY_ID", "ENVKEY"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}};
  const auto environment = resolve({}, keys);
  EXPECT_EQ(environment.credentials->access_key_id, "ENVKEY");
  EXPECT_EQ(environment.credentials->session_token->reveal(), "t");
  // A profile given by flag goes before the environment's keys, one given by variable does not.
  EXPECT_EQ(resolve(profile("dev"), keys).credentials->access_key_id, "DEVKEY");
  auto by_variable = keys;
  by_variable.emplace("AWS_PROFILE", "dev");
  EXPECT_EQ(resolve({}, by_variable).credentials->access_key_id, "ENVKEY");
  const auto dev = resolve(profile("dev"), {});
  EXPECT_EQ(dev.credentials->secret.reveal(), "dev-secret");
  EXPECT_EQ(dev.credentials->session_token->reveal(), "dev-token");
  EXPECT_EQ(resolve(profile("two words"), {}).credentials.has_value(), false);
  EXPECT_EQ(resolve(profile("process"), {}).credential_process, "/opt/keys --for \"two words\"");
}

TEST(ResolveSettings, SaysWhatItCantDo) {
  EXPECT_TRUE(problem(profile("role"))
                  .starts_with("profile role gets its credentials through an assumed role (role_arn)"));
  EXPECT_TRUE(problem(profile("sso")).find("IAM Identity Center (sso_session)") != std::string::npos);
  EXPECT_EQ(problem(profile("half")), "profile half has aws_access_key_id but no aws_secret_access_key");
}

TEST(ParseIni, ReadsSectionsMembersAndBlocks) {
  const auto ini = parse_ini(
      "[a]\r\nX = 1\r\ny: 2 # kept\n; comment\n\nlong = one\n  two\n[ b ]\nservice =\n  k = v\n  "
      "K2=v2\n[a]\nX=3\n");
  ASSERT_TRUE(ini) << ini.error();
  EXPECT_EQ(ini->at("a"), (IniSection{{{"x", "3"}, {"y", "2 # kept"}, {"long", "one\ntwo"}}, {}}));
  EXPECT_EQ(ini->at("b"), (IniSection{{{"service", ""}}, {{"service", {{"k", "v"}, {"k2", "v2"}}}}}));
}

TEST(ParseIni, NamesTheLineThatIsWrong) {
  EXPECT_EQ(parse_ini("x = 1").error(), "line 1: a member outside of any section");
  EXPECT_EQ(parse_ini("[a]\nnonsense").error(), "line 2: expected name = value");
  EXPECT_EQ(parse_ini("\n[a").error(), "line 2: a section's name without ]");
  EXPECT_EQ(parse_ini("[a]\nb =\n  nonsense").error(), "line 3: expected name = value");
  EXPECT_EQ(parse_ini("[a]\n= 1").error(), "line 2: expected name = value");
}

TEST(SplitCommand, KnowsQuotesAndBackslashes) {
  EXPECT_EQ(split_command("  /bin/x  'a b' \"c\\\"d\" e\\ f '' ").value(),
            (std::vector<std::string>{"/bin/x", "a b", "c\"d", "e f", ""}));
  EXPECT_EQ(split_command("x 'open").error(), "a quote is not closed");
  EXPECT_TRUE(split_command(" ").value().empty());
}

TEST(CredentialProcess, RunsTheCommandAndReadsItsJson) {
  const auto credentials = run_credential_process(
      R"(printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"s","SessionToken":"t"}' AKID)");
  ASSERT_TRUE(credentials) << credentials.error();
  EXPECT_EQ(credentials->access_key_id, "AKID");
  EXPECT_EQ(credentials->secret.reveal(), "s");
  EXPECT_EQ(credentials->session_token->reveal(), "t");
}

TEST(CredentialProcess, SaysWhatWentWrong) {
  EXPECT_EQ(run_credential_process("false").error(), "false failed");
  EXPECT_TRUE(run_credential_process("/no/such/program").error().starts_with("can't run /no/such/program: "));
  EXPECT_EQ(run_credential_process("").error(), "the command is empty");
  EXPECT_TRUE(
      run_credential_process("echo nothing").error().starts_with("its output is not what it should be: "));
  EXPECT_EQ(parse_process_credentials(R"({"Version":2,"AccessKeyId":"a","SecretAccessKey":"s"})").error(),
            "its output has Version 2, not 1");
}

}  // namespace
}  // namespace postern::client
