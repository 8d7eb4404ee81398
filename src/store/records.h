#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "store/identity_records.h"

/// What is stored, as values. Times are UTC microseconds; tokens are kept as hexadecimal SHA-256 only;
/// secrets are sealed on their way into the database and unsealed on their way out.
namespace postern::store {

/// Temporary credentials (`ASIA...`) of a managed node's role.
struct NodeCredential {
  std::string access_key_id;
  std::string node_id;
  Secret secret;
  std::string session_token_hash;
  Timestamp expires;
};

struct Activation {
  std::string activation_id;
  std::string code_hash;
  std::string description;
  std::string default_instance_name;
  std::string iam_role;
  int registration_limit = 1;
  int registrations_count = 0;
  Timestamp expires;
  Timestamp created;
  /// Copied to each node that registers.
  Tags tags;
};

/// A managed node as registered (`mi-` and 17 hexadecimal digits) and as it last described itself.
struct Node {
  std::string node_id;
  std::string name;
  std::string activation_id;
  std::string iam_role;
  /// Base64 of the DER SubjectPublicKeyInfo.
  std::string public_key;
  std::string fingerprint;
  Timestamp registered;
  std::optional<Timestamp> last_ping;
  std::string agent_name;
  std::string agent_version;
  /// Linux, Windows, MacOS; empty until the first ping.
  std::string platform_type;
  std::string platform_name;
  std::string platform_version;
  std::string ip_address;
  std::string computer_name;
};

/// A document that somebody created. Its versions are kept apart.
struct Document {
  std::string name;
  /// As the API spells it: `Session`.
  std::string document_type;
  std::string target_type;
  /// The version that StartSession uses.
  std::int64_t default_version = 1;
  /// The highest number ever given to a version, deleted ones too.
  std::int64_t last_version = 1;
  Timestamp created;
};

/// One version of a document; never changed.
struct DocumentVersion {
  std::string name;
  std::int64_t version = 1;
  /// Given by people; empty when they gave none.
  std::string version_name;
  std::string display_name;
  /// `JSON` or `YAML`.
  std::string format;
  /// Empty in lists.
  std::string content;
  /// Hexadecimal SHA-256 of the content.
  std::string hash;
  /// `Windows,Linux,MacOS`
  std::string platform_types;
  Timestamp created;
};

enum class SessionStatus { kConnecting, kConnected, kDisconnected, kTerminating, kTerminated, kFailed };

struct Session {
  std::string session_id;
  /// The node's id.
  std::string target;
  std::string document_name;
  /// The number of the version, and the session type (`Standard_Stream`) that it says.
  std::string document_version;
  std::string session_type;
  /// How long it may be idle, and how long it may last at all; zero for no limit.
  std::chrono::seconds idle_timeout{0};
  std::chrono::seconds max_duration{0};
  /// The owner's ARN and unique id (`aws:userid`).
  std::string owner_arn;
  std::string owner_id;
  std::string reason;
  /// What the start was allowed by, sealed by whoever asks again; empty when that is not known.
  std::string authorization;
  SessionStatus status = SessionStatus::kConnecting;
  /// Why it ended, for people.
  std::string details;
  Timestamp started;
  std::optional<Timestamp> connected;
  std::optional<Timestamp> ended;
  /// Hash of the one-time token that opens the client's side, and its expiry; empty once used.
  std::string client_token_hash;
  std::optional<Timestamp> client_token_expires;
};

}  // namespace postern::store
