#include "auth/denial.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/secret.h"
#include "store/error.h"

namespace postern::auth {
namespace {

constexpr std::string_view kContext = "authorization-message";
// base64 makes four characters of three bytes; nonce, tag and version are 29 bytes.
constexpr std::size_t kMaxPlain = 4'096;
constexpr std::size_t kMaxValue = 512;

std::string shortened(std::string_view text) {
  return text.size() <= kMaxValue ? std::string(text) : fmt::format("{}...", text.substr(0, kMaxValue));
}

std::string_view resource_of(const iam::Request& request, const iam::Decision& decision) {
  return decision.resource < request.resources.size() ? request.resources[decision.resource].arn
                                                      : std::string_view("*");
}

boost::json::object matched_statement(const iam::Decision& decision) {
  return {{"statementId", decision.statement->sid()},
          {"effect", decision.statement->effect() == iam::Effect::kDeny ? "DENY" : "ALLOW"},
          {"policyType", iam::to_string(decision.set)},
          {"sourcePolicyId", decision.policy->name()},
          {"statementIndex", decision.statement->index()}};
}

// Keys with their values, in the shape of AWS's decoded messages; a key's values stand together.
void add_conditions(const iam::Context* context, boost::json::array& items) {
  if (context == nullptr) return;
  const auto entries = context->entries();
  for (std::size_t i = 0; i < entries.size();) {
    const auto& first = entries[i];
    boost::json::array values;
    for (; i < entries.size() && entries[i].hash == first.hash; ++i)
      values.push_back(boost::json::object{{"value", shortened(entries[i].value)}});
    items.push_back(boost::json::object{{"key", shortened(first.key)},
                                        {"values", boost::json::object{{"items", std::move(values)}}}});
  }
}

boost::json::object account_of(const Principal& principal, const iam::Request& request,
                               const iam::Decision& decision, boost::json::array conditions) {
  boost::json::array matched;
  if (decision.statement != nullptr) matched.push_back(matched_statement(decision));
  boost::json::array missing;
  for (const auto set : {iam::PolicySet::kServiceControl, iam::PolicySet::kResource,
                         iam::PolicySet::kIdentity, iam::PolicySet::kBoundary, iam::PolicySet::kSession}) {
    if (decision.is_missing(set)) missing.push_back(boost::json::object{{"policyType", iam::to_string(set)}});
  }
  return {{"allowed", decision.allowed()},
          {"explicitDeny", decision.outcome == iam::Outcome::kExplicitDeny},
          {"matchedStatements", boost::json::object{{"items", std::move(matched)}}},
          {"failures", boost::json::object{{"items", std::move(missing)}}},
          {"context",
           boost::json::object{{"principal", boost::json::object{{"id", principal.user_id},
                                                                 {"name", principal.name},
                                                                 {"arn", principal.arn}}},
                               {"action", shortened(request.action)},
                               {"resource", shortened(resource_of(request, decision))},
                               {"conditions", boost::json::object{{"items", std::move(conditions)}}}}}};
}

}  // namespace

std::string denial_text(const Principal& principal, const iam::Request& request,
                        const iam::Decision& decision) {
  return fmt::format("User: {} is not authorized to perform: {} on resource: {} {}",
                     principal.kind == PrincipalKind::kAnonymous ? "anonymous" : principal.arn,
                     request.action, resource_of(request, decision), iam::denial_reason(decision, request));
}

std::string decision_text(const iam::Decision& decision, const iam::Request& request) {
  if (decision.statement == nullptr) {
    return decision.allowed() ? std::string("allowed") : iam::denial_reason(decision, request);
  }
  const auto& sid = decision.statement->sid();
  return fmt::format("{} by {} statement {}{}", decision.allowed() ? "allowed" : "denied explicitly",
                     decision.policy->name(), decision.statement->index(),
                     sid.empty() ? "" : fmt::format(" ({})", sid));
}

std::string encode_authorization_message(const Principal& principal, const iam::Request& request,
                                         const iam::Decision& decision, const store::Sealer& sealer) {
  boost::json::array conditions;
  if (decision.resource < request.resources.size())
    add_conditions(request.resources[decision.resource].context, conditions);
  add_conditions(request.context, conditions);
  auto text = boost::json::serialize(account_of(principal, request, decision, conditions));
  while (text.size() > kMaxPlain && !conditions.empty()) {
    conditions.resize(conditions.size() / 2);
    text = boost::json::serialize(account_of(principal, request, decision, conditions));
  }
  return sealer.seal(Secret(std::move(text)), kContext);
}

std::optional<std::string> decode_authorization_message(const std::string& encoded,
                                                        const store::Sealer& sealer) {
  if (encoded.size() > kMaxEncodedMessage) return std::nullopt;
  try {
    return std::string(sealer.unseal(encoded, kContext).reveal());
  } catch (const store::StoreError&) {
    return std::nullopt;
  }
}

}  // namespace postern::auth
