#include "api/recorded_access.h"

#include <array>
#include <boost/describe.hpp>
#include <utility>

#include "base/json_codec.h"

namespace postern::api {
namespace {

struct KeyRecord {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(KeyRecord, (), (key, value))

struct PrincipalRecord {
  std::string kind;
  std::string account;
  std::string arn;
  std::string user_id;
  std::string name;
  std::string access_key_id;
  std::string role_arn;
  std::string role_id;
  std::string role_name;
  /// Microseconds.
  std::optional<std::int64_t> token_issued;
  std::optional<std::int64_t> mfa_time;
  std::map<std::string, std::string> session_tags;
  std::vector<std::string> session_policies;
  std::vector<std::string> session_policy_arns;
  std::string source_identity;
  std::string federated_provider;
};
BOOST_DESCRIBE_STRUCT(PrincipalRecord, (),
                      (kind, account, arn, user_id, name, access_key_id, role_arn, role_id, role_name,
                       token_issued, mfa_time, session_tags, session_policies, session_policy_arns,
                       source_identity, federated_provider))

struct AccessRecord {
  PrincipalRecord principal;
  std::vector<KeyRecord> request_keys;
  std::string node_id;
  std::string document_name;
  std::vector<std::vector<KeyRecord>> session_keys;
};
BOOST_DESCRIBE_STRUCT(AccessRecord, (), (principal, request_keys, node_id, document_name, session_keys))

constexpr std::array<std::pair<auth::PrincipalKind, std::string_view>, 3> kKinds = {{
    {auth::PrincipalKind::kUser, "User"},
    {auth::PrincipalKind::kRoleSession, "RoleSession"},
    {auth::PrincipalKind::kNode, "Node"},
}};

std::string kind_name(auth::PrincipalKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return std::string(name);
  }
  return "Anonymous";
}

auth::PrincipalKind kind_from(std::string_view name) {
  for (const auto& [kind, known] : kKinds) {
    if (known == name) return kind;
  }
  return auth::PrincipalKind::kAnonymous;
}

std::optional<std::int64_t> micros(const std::optional<Timestamp>& time) {
  return time ? std::optional(to_unix_micros(*time)) : std::nullopt;
}

std::optional<Timestamp> time_from(const std::optional<std::int64_t>& micros) {
  return micros ? std::optional(from_unix_micros(*micros)) : std::nullopt;
}

std::vector<KeyRecord> to_records(const auth::ContextKeys& keys) {
  std::vector<KeyRecord> records;
  for (const auto& [key, value] : keys) records.push_back({key, value});
  return records;
}

auth::ContextKeys keys_from(std::vector<KeyRecord> records) {
  auth::ContextKeys keys;
  for (auto& [key, value] : records) keys.emplace_back(std::move(key), std::move(value));
  return keys;
}

PrincipalRecord to_record(const auth::Principal& from) {
  return {.kind = kind_name(from.kind),
          .account = from.account,
          .arn = from.arn,
          .user_id = from.user_id,
          .name = from.name,
          .access_key_id = from.access_key_id,
          .role_arn = from.role_arn,
          .role_id = from.role_id,
          .role_name = from.role_name,
          .token_issued = micros(from.token_issued),
          .mfa_time = micros(from.mfa_time),
          .session_tags = from.session_tags,
          .session_policies = from.session_policies,
          .session_policy_arns = from.session_policy_arns,
          .source_identity = from.source_identity,
          .federated_provider = from.federated_provider};
}

auth::Principal principal_from(PrincipalRecord from) {
  auth::Principal out;
  out.kind = kind_from(from.kind);
  out.account = std::move(from.account);
  out.arn = std::move(from.arn);
  out.user_id = std::move(from.user_id);
  out.name = std::move(from.name);
  out.access_key_id = std::move(from.access_key_id);
  out.role_arn = std::move(from.role_arn);
  out.role_id = std::move(from.role_id);
  out.role_name = std::move(from.role_name);
  out.token_issued = time_from(from.token_issued);
  out.mfa_time = time_from(from.mfa_time);
  out.session_tags = std::move(from.session_tags);
  out.session_policies = std::move(from.session_policies);
  out.session_policy_arns = std::move(from.session_policy_arns);
  out.source_identity = std::move(from.source_identity);
  out.federated_provider = std::move(from.federated_provider);
  return out;
}

}  // namespace

std::string to_text(const RecordedAccess& access) {
  AccessRecord record{.principal = to_record(access.principal),
                      .request_keys = to_records(access.request_keys),
                      .node_id = access.node_id,
                      .document_name = access.document_name};
  for (const auto& keys : access.session_keys) record.session_keys.push_back(to_records(keys));
  return encode_json_text(record);
}

std::optional<RecordedAccess> recorded_access_from(std::string_view text) {
  auto record = decode_json_text<AccessRecord>(text);
  if (!record) return std::nullopt;
  RecordedAccess out{.principal = principal_from(std::move(record->principal)),
                     .request_keys = keys_from(std::move(record->request_keys)),
                     .node_id = std::move(record->node_id),
                     .document_name = std::move(record->document_name)};
  for (auto& keys : record->session_keys) out.session_keys.push_back(keys_from(std::move(keys)));
  return out;
}

}  // namespace postern::api
