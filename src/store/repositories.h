#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/identity_repositories.h"
#include "store/records.h"
#include "store/soci_fwd.h"

namespace postern::store {

class Sealer;

/// Repositories: plain blocking calls on one database connection, used only inside Store::run. They throw
/// StoreError for a failing database; "not there" is an empty optional or false.

class ActivationRepository {
 public:
  explicit ActivationRepository(soci::session& sql) : sql_(sql) {}
  void add(const Activation& activation);
  std::optional<Activation> find(std::string_view activation_id);
  /// Ordered by creation, then id.
  std::vector<Activation> list();
  /// Counts one registration; false when the limit is reached or it is gone. Atomic.
  bool count_registration(std::string_view activation_id);
  bool remove(std::string_view activation_id);

 private:
  soci::session& sql_;
};

class NodeRepository {
 public:
  NodeRepository(soci::session& sql, const Sealer& sealer) : sql_(sql), sealer_(sealer) {}
  void add(const Node& node);
  std::optional<Node> find(std::string_view node_id);
  std::vector<Node> find_by_name(std::string_view name);
  /// Ordered by registration, then id.
  std::vector<Node> list();
  /// Replaces what the node says of itself: ping time, agent, platform, addresses. False when it is gone.
  bool update_information(const Node& node);
  bool update_public_key(std::string_view node_id, std::string_view public_key);
  /// Removes the node, its tags and its credentials.
  bool remove(std::string_view node_id);

  void add_credential(const NodeCredential& credential);
  std::optional<NodeCredential> find_credential(std::string_view access_key_id);
  /// Returns how many were deleted.
  std::size_t remove_expired_credentials(Timestamp now);

 private:
  soci::session& sql_;
  const Sealer& sealer_;
};

/// Tags of any resource; `resource_type` is the API's spelling (`ManagedInstance`), or one of
/// identity_records.h.
class TagRepository {
 public:
  explicit TagRepository(soci::session& sql) : sql_(sql) {}
  void put(std::string_view resource_type, std::string_view resource_id, const Tags& tags);
  void remove(std::string_view resource_type, std::string_view resource_id,
              const std::vector<std::string>& keys);
  Tags list(std::string_view resource_type, std::string_view resource_id);
  /// All tags of all resources of a type, by resource id.
  std::map<std::string, Tags> list_all(std::string_view resource_type);
  /// Ids of the resources that carry exactly this tag.
  std::vector<std::string> find(std::string_view resource_type, std::string_view key, std::string_view value);

 private:
  soci::session& sql_;
};

/// What DescribeSessions asks for; empty members don't filter.
struct SessionQuery {
  enum class State { kActive, kHistory } state = State::kActive;
  std::string session_id;
  std::string target;
  std::string owner_arn;
  std::optional<SessionStatus> status;
  std::optional<Timestamp> started_after;
  std::optional<Timestamp> started_before;
  /// History ends this far back (AWS: 30 days before now).
  std::optional<Timestamp> ended_after;
  /// Continue behind this session (its start and id), newest first.
  std::optional<std::pair<Timestamp, std::string>> after;
  std::size_t limit = 50;
};

class SessionRepository {
 public:
  explicit SessionRepository(soci::session& sql) : sql_(sql) {}
  void add(const Session& session);
  std::optional<Session> find(std::string_view session_id);
  /// Newest first. kActive: connecting, connected, disconnected, terminating; kHistory: terminated, failed.
  std::vector<Session> list(const SessionQuery& query);
  /// Writes status, details, times and token of an existing session. False when it is not there.
  bool update(const Session& session);
  std::size_t count_active();

 private:
  soci::session& sql_;
};

/// The resource types of nodes' and of documents' tags.
inline constexpr std::string_view kNodeTags = "ManagedInstance";
inline constexpr std::string_view kDocumentTags = "Document";

/// Documents that were created; those that are built in are not here.
class DocumentRepository {
 public:
  explicit DocumentRepository(soci::session& sql) : sql_(sql) {}
  /// Adds the document alone; its first version follows.
  void add(const Document& document);
  /// Adds a version of an existing document, and counts it in last_version.
  void add_version(const DocumentVersion& version);
  std::optional<Document> find(std::string_view name);
  /// All documents with their default versions, without contents, ordered by name.
  std::vector<std::pair<Document, DocumentVersion>> list();
  /// Newest first, without contents.
  std::vector<DocumentVersion> versions(std::string_view name);
  std::optional<DocumentVersion> find_version(std::string_view name, std::int64_t version);
  std::optional<DocumentVersion> find_default(std::string_view name);
  bool set_default(std::string_view name, std::int64_t version);
  /// Removes the document, its versions and its tags.
  bool remove(std::string_view name);
  bool remove_version(std::string_view name, std::int64_t version);
  std::size_t count();

 private:
  soci::session& sql_;
};

/// Small named values of the installation: account id, creation time.
class SettingRepository {
 public:
  explicit SettingRepository(soci::session& sql) : sql_(sql) {}
  std::optional<std::string> find(std::string_view name);
  void put(std::string_view name, std::string_view value);

 private:
  soci::session& sql_;
};

/// All repositories over one connection and inside one transaction.
struct Repositories {
  Repositories(soci::session& sql, const Sealer& sealer)
      : generation(sql),
        users(sql, sealer),
        groups(sql),
        roles(sql),
        instance_profiles(sql),
        policies(sql),
        attachments(sql),
        grants(sql),
        login_profiles(sql),
        mfa_devices(sql, sealer),
        temporary_credentials(sql, sealer),
        oidc_providers(sql),
        service_controls(sql),
        last_accessed(sql),
        activations(sql),
        nodes(sql, sealer),
        tags(sql),
        sessions(sql),
        documents(sql),
        settings(sql) {}
  IdentityGeneration generation;
  UserRepository users;
  GroupRepository groups;
  RoleRepository roles;
  InstanceProfileRepository instance_profiles;
  PolicyRepository policies;
  AttachmentRepository attachments;
  GrantRepository grants;
  LoginProfileRepository login_profiles;
  MfaDeviceRepository mfa_devices;
  TemporaryCredentialRepository temporary_credentials;
  OidcProviderRepository oidc_providers;
  ServiceControlRepository service_controls;
  LastAccessedRepository last_accessed;
  ActivationRepository activations;
  NodeRepository nodes;
  TagRepository tags;
  SessionRepository sessions;
  DocumentRepository documents;
  SettingRepository settings;
};

}  // namespace postern::store
