#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

/// IAM's identities and policies, as values. `..._id` are AWS's unique ids (aws/unique_id.h), which are never
/// given twice; names, paths and ARNs can be given again after a deletion.
namespace postern::store {

using Tags = std::map<std::string, std::string>;

/// Resource types of tags, by unique id; MFA devices by serial number, OIDC providers by ARN.
inline constexpr std::string_view kUserTags = "iam:user";
inline constexpr std::string_view kRoleTags = "iam:role";
inline constexpr std::string_view kPolicyTags = "iam:policy";
inline constexpr std::string_view kInstanceProfileTags = "iam:instance-profile";
inline constexpr std::string_view kMfaDeviceTags = "iam:mfa";
inline constexpr std::string_view kOidcProviderTags = "iam:oidc-provider";
inline constexpr std::string_view kServiceControlTags = "organizations:policy";

// Of all these: `name` is what people type, unique among its kind whatever its case; `path` is `/` or
// `/division/team/`.

/// An IAM user (`AIDA...`).
struct User {
  std::string user_id;
  std::string name;
  std::string path = "/";
  std::string arn;
  Timestamp created;
  /// The permissions boundary; empty: none.
  std::string boundary_arn;
  std::optional<Timestamp> password_last_used;
};

enum class KeyStatus { kActive, kInactive };

/// A long-term access key (`AKIA...`) of a user.
struct AccessKey {
  std::string access_key_id;
  std::string user_id;
  Secret secret;
  KeyStatus status = KeyStatus::kActive;
  Timestamp created;
  std::optional<Timestamp> last_used;
  /// Where and with which service (its SigV4 name); empty until it is used.
  std::string last_used_region;
  std::string last_used_service;
};

/// A group of users (`AGPA...`).
struct Group {
  std::string group_id;
  std::string name;
  std::string path = "/";
  std::string arn;
  Timestamp created;
};

/// A role (`AROA...`).
struct Role {
  std::string role_id;
  std::string name;
  std::string path = "/";
  std::string arn;
  Timestamp created;
  std::string trust_policy;
  std::string description;
  std::chrono::seconds max_session{3600};
  /// The permissions boundary; empty: none.
  std::string boundary_arn;
  std::optional<Timestamp> last_used;
  std::string last_used_region;
};

/// An instance profile (`AIPA...`) and the role in it.
struct InstanceProfile {
  std::string profile_id;
  std::string name;
  std::string path = "/";
  std::string arn;
  Timestamp created;
  std::optional<std::string> role_id;
};

/// A customer managed policy (`ANPA...`). Its versions are kept apart.
struct ManagedPolicy {
  std::string policy_id;
  std::string name;
  std::string path = "/";
  std::string arn;
  Timestamp created;
  std::string description;
  std::int64_t default_version = 1;
  /// The highest number ever given to a version, deleted ones too.
  std::int64_t last_version = 1;
  Timestamp updated;
};

/// One version of a managed policy; never changed. The API calls version 3 `v3`.
struct PolicyVersion {
  std::int64_t version = 1;
  std::string document;
  Timestamp created;
};

/// How a user signs in to the console. The hash is scrypt's, with its parameters and salt.
struct LoginProfile {
  std::string user_id;
  Secret password_hash;
  bool reset_required = false;
  Timestamp created;
};

/// A virtual MFA device. Its serial number is an ARN.
struct MfaDevice {
  std::string serial_number;
  /// The seed as bytes, not as base32.
  Secret seed;
  /// Whose it is; absent until it is enabled.
  std::optional<std::string> user_id;
  Timestamp created;
  std::optional<Timestamp> enabled;
  /// The time step (30 s since 1970) of the last code that was accepted.
  std::int64_t last_step = 0;
};

/// Temporary credentials (`ASIA...`) of a user (GetSessionToken) or of a role's session (AssumeRole and its
/// like).
struct TemporaryCredential {
  enum class Kind { kSessionToken, kAssumedRole, kWebIdentity };
  Kind kind = Kind::kSessionToken;
  std::string access_key_id;
  Secret secret;
  std::string session_token_hash;
  /// Whose they are: the user of a session token, the role of the others.
  std::optional<std::string> user_id;
  std::optional<std::string> role_id;
  /// Of a role's session.
  std::string session_name;
  /// The key with which they were asked for; empty where a web identity was shown instead.
  std::string parent_key_id;
  /// What limits them: texts and ARNs.
  std::vector<std::string> session_policies;
  std::vector<std::string> session_policy_arns;
  Tags session_tags;
  /// Keys of the tags that go on into a role assumed with these credentials.
  std::vector<std::string> transitive_tag_keys;
  /// Empty where there is none.
  std::string source_identity;
  /// ARN of the OIDC provider of a web identity.
  std::string federated_provider;
  /// When an MFA device was shown.
  std::optional<Timestamp> mfa_time;
  Timestamp issued;
  Timestamp expires;
};

struct OidcProvider {
  std::string arn;
  /// Without `https://`, as in the ARN.
  std::string url;
  std::vector<std::string> client_ids;
  /// Hexadecimal SHA-1 of certificates.
  std::vector<std::string> thumbprints;
  Timestamp created;
};

/// A service control policy (`p-...`) and what it is attached to: the organization's root or the account.
struct ServiceControlPolicy {
  std::string policy_id;
  std::string name;
  std::string description;
  std::string content;
  Timestamp created;
  std::vector<std::string> targets;
};

/// When a principal (user or role, by id) was last allowed an action: service `ssm`, action `StartSession`.
struct LastAccessed {
  std::string principal_id;
  std::string service;
  std::string action;
  std::string region;
  Timestamp accessed;
};

/// A request of GenerateServiceLastAccessedDetails.
struct LastAccessedJob {
  std::string job_id;
  std::string entity_arn;
  /// `SERVICE_LEVEL` or `ACTION_LEVEL`.
  std::string granularity;
  Timestamp created;
};

/// A policy as it reaches a principal.
struct GrantedPolicy {
  enum class Kind { kManaged, kInline };
  Kind kind = Kind::kManaged;
  /// Who has it: the principal itself, or one of its groups.
  std::string holder_id;
  std::string holder_name;
  std::string name;
  /// Of a managed policy; empty for an inline one.
  std::string arn;
  /// `v1` of a managed policy; empty for an inline one.
  std::string version_id;
  std::string document;
};

/// All that the identities say about a principal, at one moment.
struct Grants {
  /// The identity generation at that moment.
  std::int64_t generation = 0;
  /// The user's or role's unique id.
  std::string principal_id;
  std::string name;
  std::string path;
  /// Of the user or the role itself, not of an assumed role's session.
  std::string arn;
  Tags tags;
  /// A user's groups.
  std::vector<Group> groups;
  /// Managed and inline ones, groups' included.
  std::vector<GrantedPolicy> policies;
  std::optional<GrantedPolicy> boundary;
  /// Those that are attached to something.
  std::vector<ServiceControlPolicy> service_controls;
};

}  // namespace postern::store
