#include "iam/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "iam/json_reader.h"

namespace postern::iam {
namespace {

constexpr std::array kSets = {PolicySet::kServiceControl, PolicySet::kResource, PolicySet::kIdentity,
                              PolicySet::kBoundary, PolicySet::kSession};

// Nobody reads more. Without an end, values of the request, which are told for each condition that looks at
// them, would be kept as often as whoever simulates his own policies likes.
constexpr std::size_t kMaxDetailBytes = 1'048'576;
constexpr std::size_t kMaxTextBytes = 1'048'576;

std::string values_in_request(const ContextView& context, const std::string& key) {
  const auto values = context.find(ContextKey(key));
  if (values.empty()) return "the request does not have it";
  // A key with thousands of values is not read by anybody.
  constexpr std::size_t kShown = 8;
  std::string text = "the request has ";
  for (std::size_t i = 0; i < std::min(values.size(), kShown); ++i)
    text += (i == 0 ? "" : ", ") + quoted(values[i].value);
  return values.size() > kShown ? text + ", ..." : text;
}

// `room` is how many bytes of details may still be told.
std::vector<ElementFailure> failures_of(const CompiledStatement& statement, const Query& query,
                                        std::string_view action, std::size_t& room) {
  std::vector<ElementFailure> failures;
  const auto add = [&](Element element, auto detail_of) {
    std::string detail = room > 0 ? detail_of() : "...";
    room -= std::min(room, detail.size());
    failures.push_back({element, std::move(detail)});
  };
  const auto not_about = [](std::string_view what) { return fmt::format("it is not about {}", what); };
  if (statement.matches_principal(query.principal) == PrincipalMatch::kNone) {
    const auto& arn = query.principal.arn;
    add(Element::kPrincipal, [&] { return not_about(arn.empty() ? "this caller" : arn); });
  }
  if (!statement.matches_action(query.action)) add(Element::kAction, [&] { return not_about(action); });
  if (!statement.matches_resource(query)) add(Element::kResource, [&] { return not_about(query.resource); });
  for (const auto& condition : statement.conditions()) {
    if (condition.matches(query.context, query.scratch)) continue;
    add(Element::kCondition, [&] {
      return fmt::format("{} {}: {}", to_string(condition.op()), condition.key(),
                         values_in_request(query.context, condition.key()));
    });
  }
  return failures;
}

class Explainer {
 public:
  Explainer(const Request& request, const PolicySets& sets, Explanation& out)
      : request_(request), sets_(sets), out_(out) {}

  void run() {
    const ActionName action(request_.action);
    Scratch scratch;
    const Resource anything;
    const auto resources = request_.resources.empty() ? std::span(&anything, 1) : request_.resources;
    for (std::size_t i = 0; i < resources.size(); ++i) {
      const auto& resource = resources[i];
      const Query query{
          request_.principal, action, resource.arn, {resource.context, request_.context}, scratch,
          resource.aliases};
      out_.resources.emplace_back(resource.arn);
      at_ = {.resource = i};
      for (std::size_t level = 0; level < sets_.service_control.size(); ++level) {
        at_.level = level;
        add_list(PolicySet::kServiceControl, sets_.service_control[level], query);
      }
      at_.level = 0;
      if (resource.policy != nullptr) add_list(PolicySet::kResource, {&resource.policy, 1}, query);
      add_list(PolicySet::kIdentity, sets_.identity, query);
      if (sets_.boundary != nullptr) add_list(PolicySet::kBoundary, {&sets_.boundary, 1}, query);
      add_list(PolicySet::kSession, sets_.session, query);
    }
  }

 private:
  void add_list(PolicySet set, PolicyList policies, const Query& query) {
    for (const auto* policy : policies) {
      for (const auto& statement : policy->statements()) {
        auto& one = out_.statements.emplace_back(at_);
        one.set = set;
        one.policy = policy;
        one.statement = &statement;
        one.matched = statement.matches(query) != PrincipalMatch::kNone;
        if (!one.matched) one.failures = failures_of(statement, query, request_.action, room_);
      }
    }
  }

  const Request& request_;
  const PolicySets& sets_;
  Explanation& out_;
  ConsideredStatement at_;
  std::size_t room_ = kMaxDetailBytes;
};

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllowed:
      return "allowed";
    case Outcome::kImplicitDeny:
      return "implicitDeny";
    case Outcome::kExplicitDeny:
      return "explicitDeny";
  }
  return {};
}

std::string_view effect_text(const CompiledStatement& statement) {
  return statement.effect() == Effect::kAllow ? "Allow" : "Deny";
}

std::string statement_name(const CompiledPolicy& policy, const CompiledStatement& statement) {
  auto name = fmt::format("{} statement {}", policy.name(), statement.index());
  if (!statement.sid().empty()) name += fmt::format(" ({})", statement.sid());
  return name;
}

boost::json::object statement_json(const CompiledPolicy& policy, const CompiledStatement& statement,
                                   PolicySet set) {
  return {{"PolicyType", to_string(set)},        {"Policy", policy.name()},
          {"StatementIndex", statement.index()}, {"Sid", statement.sid()},
          {"Effect", effect_text(statement)},    {"Line", statement.at().line},
          {"Column", statement.at().column}};
}

}  // namespace

Explanation explain(const Request& request, const PolicySets& sets) {
  Explanation out;
  out.decision = evaluate(request, sets);
  out.action = request.action;
  out.principal = request.principal.arn;
  out.reason = denial_reason(out.decision, request);
  Explainer(request, sets, out).run();
  return out;
}

std::string to_text(const Explanation& explanation) {
  const auto& decision = explanation.decision;
  auto text = fmt::format("{} {} by {}", to_string(decision.outcome), explanation.action,
                          explanation.principal.empty() ? "an anonymous caller" : explanation.principal);
  text += fmt::format(" on {}\n", explanation.resources.at(decision.resource));
  if (decision.statement != nullptr)
    text += fmt::format("  decided by {}: {}\n", to_string(decision.set),
                        statement_name(*decision.policy, *decision.statement));
  if (!explanation.reason.empty()) text += fmt::format("  {}\n", explanation.reason);
  for (const auto set : kSets) {
    if (decision.is_missing(set)) text += fmt::format("  missing: an Allow in the {}\n", to_string(set));
  }
  for (const auto& one : explanation.statements) {
    if (text.size() > kMaxTextBytes) {
      text += "... and more statements\n";
      break;
    }
    text += fmt::format("{} on {}: {} {}\n", one.matched ? "applies" : "does not apply",
                        explanation.resources.at(one.resource), effect_text(*one.statement),
                        statement_name(*one.policy, *one.statement));
    for (const auto& failure : one.failures)
      text += fmt::format("    {}: {}\n", to_string(failure.element), failure.detail);
  }
  return text;
}

boost::json::value to_json(const Explanation& explanation) {
  const auto& decision = explanation.decision;
  boost::json::array missing;
  for (const auto set : kSets) {
    if (decision.is_missing(set)) missing.emplace_back(to_string(set));
  }
  boost::json::array statements;
  for (const auto& one : explanation.statements) {
    auto object = statement_json(*one.policy, *one.statement, one.set);
    object["Resource"] = explanation.resources.at(one.resource);
    object["Matched"] = one.matched;
    boost::json::array failures;
    for (const auto& failure : one.failures) {
      failures.push_back(
          boost::json::object{{"Element", to_string(failure.element)}, {"Detail", failure.detail}});
    }
    object["Failures"] = std::move(failures);
    statements.push_back(std::move(object));
  }
  boost::json::array resources(explanation.resources.begin(), explanation.resources.end());
  boost::json::object out{{"Decision", to_string(decision.outcome)}, {"Reason", explanation.reason},
                          {"Principal", explanation.principal},      {"Action", explanation.action},
                          {"Resources", std::move(resources)},       {"MissingFrom", std::move(missing)},
                          {"Statements", std::move(statements)}};
  if (decision.statement != nullptr)
    out["DecidedBy"] = statement_json(*decision.policy, *decision.statement, decision.set);
  return out;
}

}  // namespace postern::iam
