#include "iam/testing/case.h"

#include <fmt/format.h>

#include <string_view>

namespace postern::iam::testing {
namespace {

namespace json = boost::json;

const json::value* member(const json::value* of, std::string_view name) {
  const auto* object = of == nullptr ? nullptr : of->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

PrincipalType principal_type(std::string_view name) {
  if (name == "root") return PrincipalType::kRoot;
  if (name == "role") return PrincipalType::kRoleSession;
  if (name == "federated") return PrincipalType::kFederated;
  if (name == "service") return PrincipalType::kService;
  if (name == "anonymous") return PrincipalType::kAnonymous;
  return PrincipalType::kUser;
}

}  // namespace

const std::string& Case::own(const json::value* text, std::string_view fallback) {
  const auto* string = text == nullptr ? nullptr : text->if_string();
  return texts_.emplace_back(string == nullptr ? fallback : std::string_view(string->data(), string->size()));
}

void Case::read_principal(const json::value* json) {
  auto& principal = request_.principal;
  principal.type = principal_type(own(member(json, "type"), "user"));
  principal.arn = own(member(json, "arn"), "arn:aws:iam::123456789012:user/ana");
  principal.role_arn = own(member(json, "roleArn"), "");
  principal.account = own(member(json, "account"), "123456789012");
  principal.unique_id = own(member(json, "id"), "");
  principal.name = own(member(json, "name"), "");
}

const Context* Case::read_context(const json::value* json) {
  const auto* object = json == nullptr ? nullptr : json->if_object();
  if (object == nullptr) return nullptr;
  auto& context = contexts_.emplace_back();
  for (const auto& [key, value] : *object) {
    const auto& name = texts_.emplace_back(key);
    if (const auto* values = value.if_array()) {
      for (const auto& each : *values) context.add(name, own(&each, ""));
    } else {
      context.add(name, own(&value, ""));
    }
  }
  return &context;
}

const CompiledPolicy* Case::read_policy(const json::value& json, PolicyKind kind, std::string name) {
  const auto* inner = member(&json, "policy");
  const auto* given = member(&json, "name");
  if (inner != nullptr && given != nullptr) return read_policy(*inner, kind, own(given, name));
  const auto* text = json.if_string();
  auto policy = CompiledPolicy::compile(text == nullptr ? json::serialize(json) : std::string(*text), kind,
                                        std::move(name));
  if (policy) return &policies_.emplace_back(std::move(*policy));
  if (problem_.empty()) problem_ = policy.error().message();
  return nullptr;
}

PolicyList Case::read_policies(const json::value* json, PolicyKind kind, std::string_view set) {
  auto& list = lists_.emplace_back();
  if (json == nullptr) return {};
  const auto* array = json->if_array();
  if (array == nullptr) {
    if (const auto* policy = read_policy(*json, kind, fmt::format("{}[0]", set))) list.push_back(policy);
    return list;
  }
  for (const auto& each : *array) {
    if (const auto* policy = read_policy(each, kind, fmt::format("{}[{}]", set, list.size())))
      list.push_back(policy);
  }
  return list;
}

void Case::read_resource(const json::value& json) {
  Resource resource;
  if (json.is_string()) {
    resource.arn = own(&json, "*");
  } else {
    resource.arn = own(member(&json, "arn"), "*");
    if (const auto* aliases = member(&json, "aliases"); aliases != nullptr && aliases->is_array()) {
      auto& names = aliases_.emplace_back();
      for (const auto& alias : aliases->get_array()) names.push_back(own(&alias, ""));
      resource.aliases = names;
    }
    resource.account = own(member(&json, "account"), "");
    resource.context = read_context(member(&json, "context"));
    if (const auto* policy = member(&json, "policy"))
      resource.policy = read_policy(*policy, PolicyKind::kResource, "resource");
    if (const auto* trust = member(&json, "trust")) {
      resource.rule = ResourcePolicyRule::kRequired;
      if (!trust->is_null()) resource.policy = read_policy(*trust, PolicyKind::kTrust, "trust");
    }
  }
  resources_.push_back(resource);
}

std::expected<Case, std::string> Case::read(const json::value& json) {
  Case out;
  out.read_principal(member(&json, "principal"));
  out.request_.action = out.own(member(&json, "action"), "ssm:StartSession");
  const auto* resources = member(&json, "resources");
  if (const auto* list = resources == nullptr ? nullptr : resources->if_array()) {
    for (const auto& each : *list) out.read_resource(each);
  } else if (resources != nullptr) {
    out.read_resource(*resources);
  }
  out.request_.context = out.read_context(member(&json, "context"));
  out.sets_.identity = out.read_policies(member(&json, "identity"), PolicyKind::kIdentity, "identity");
  out.sets_.session = out.read_policies(member(&json, "session"), PolicyKind::kSession, "session");
  if (const auto* boundary = member(&json, "boundary"))
    out.sets_.boundary = out.read_policy(*boundary, PolicyKind::kIdentity, "boundary");
  const auto* scp = member(&json, "scp");
  if (const auto* levels = scp == nullptr ? nullptr : scp->if_array()) {
    for (const auto& level : *levels) {
      out.levels_.push_back(
          out.read_policies(&level, PolicyKind::kServiceControl, fmt::format("scp[{}]", out.levels_.size())));
    }
  }
  out.request_.resources = out.resources_;
  out.sets_.service_control = out.levels_;
  if (!out.problem_.empty()) return std::unexpected(out.problem_);
  return out;
}

}  // namespace postern::iam::testing
