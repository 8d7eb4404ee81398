#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "base/check.h"
#include "iam/evaluate.h"

/// Decisions per second on one core, for a principal with 50 statements in five policies: action and resource
/// patterns, variables and conditions as session users have them. What is measured is evaluate() alone: the
/// request's context is made once, as the policies are compiled once; a context of ten keys costs what
/// ContextOfTenKeys says. `allocations` is per decision.

namespace {

// Counted by operator new below; the benchmark has one thread.
std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace postern::iam {
namespace {

std::string statement(int number) {
  switch (number % 5) {
    case 0:
      return fmt::format(
          R"({{"Effect":"Allow","Action":["ssm:ResumeSession","ssm:TerminateSession"],"Resource":"arn:aws:ssm:*:*:session/${{aws:username}}-{}*"}})",
          number);
    case 1:
      return fmt::format(
          R"({{"Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{{"StringEquals":{{"ec2:ResourceTag/Team":"team-{}"}}}}}})",
          number);
    case 2:
      return fmt::format(
          R"({{"Effect":"Allow","Action":["s3:Get*","s3:List*","logs:*"],"Resource":"arn:aws:s3:::bucket-{}/*"}})",
          number);
    case 3:
      return R"({"Effect":"Deny","Action":"ssm:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}}})";
    default:
      return fmt::format(
          R"({{"Effect":"Deny","NotAction":"iam:*","Resource":"arn:aws:ec2:*:*:instance/i-{}*","Condition":{{"BoolIfExists":{{"aws:MultiFactorAuthPresent":"false"}}}}}})",
          number);
  }
}

struct Fixture {
  std::vector<CompiledPolicy> policies;
  std::vector<const CompiledPolicy*> list;
  Context context;
  Context tags;
  Resource resource;

  explicit Fixture(std::string_view team) {
    for (int p = 0; p < 5; ++p) {
      std::string statements;
      for (int s = 0; s < 10; ++s) statements += (s == 0 ? "" : ",") + statement(p * 10 + s);
      auto policy = CompiledPolicy::compile(R"({"Version":"2012-10-17","Statement":[)" + statements + "]}",
                                            PolicyKind::kIdentity, "policy");
      POSTERN_CHECK(policy.has_value());
      policies.push_back(std::move(*policy));
    }
    for (const auto& policy : policies) list.push_back(&policy);
    fill(context);
    tags.add("ec2:ResourceTag/Team", team);
    resource = {.arn = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0", .context = &tags};
  }

  static void fill(Context& to) {
    to.add("aws:username", "ana");
    to.add("aws:userid", "AIDAEXAMPLE");
    to.add("aws:PrincipalArn", "arn:aws:iam::123456789012:user/ana");
    to.add("aws:PrincipalAccount", "123456789012");
    to.add("aws:PrincipalTag/Team", "team-46");
    to.add("aws:SourceIp", "203.0.113.7");
    to.add("aws:CurrentTime", "2026-01-01T00:00:00Z");
    to.add("aws:SecureTransport", "true");
    to.add("aws:MultiFactorAuthPresent", "true");
    to.add("aws:UserAgent", "aws-cli/2.9.19");
  }
};

void decide(benchmark::State& state, std::string_view team, std::string_view action, Outcome expected) {
  const Fixture fixture(team);
  const Request request{.principal = {.type = PrincipalType::kUser,
                                      .arn = "arn:aws:iam::123456789012:user/ana",
                                      .account = "123456789012"},
                        .action = action,
                        .resources = {&fixture.resource, 1},
                        .context = &fixture.context};
  const PolicySets sets{.identity = fixture.list};
  POSTERN_CHECK(evaluate(request, sets).outcome == expected);
  const auto before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(evaluate(request, sets));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
  state.counters["allocations"] =
      static_cast<double>(allocations - before) / static_cast<double>(state.iterations());
}

// Allowed by the last Allow of fifty statements, after every Deny has been looked at.
void allowed_session(benchmark::State& state) {
  decide(state, "team-46", "ssm:StartSession", Outcome::kAllowed);
}
BENCHMARK(allowed_session)->Name("StartSession/allowed");

void denied_session(benchmark::State& state) {
  decide(state, "other", "ssm:StartSession", Outcome::kImplicitDeny);
}
BENCHMARK(denied_session)->Name("StartSession/no statement allows");

void other_service(benchmark::State& state) {
  decide(state, "other", "kms:Decrypt", Outcome::kImplicitDeny);
}
BENCHMARK(other_service)->Name("Decrypt/no statement is about it");

void context_of_ten_keys(benchmark::State& state) {
  Context context;
  for (auto _ : state) {
    context.clear();
    Fixture::fill(context);
    benchmark::DoNotOptimize(context);
  }
}
BENCHMARK(context_of_ten_keys)->Name("ContextOfTenKeys");

}  // namespace
}  // namespace postern::iam

BENCHMARK_MAIN();
