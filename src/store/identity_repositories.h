#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/identity_records.h"
#include "store/soci_fwd.h"

/// Repositories of IAM's identities; store/repositories.h says what holds for all. Whatever changes what a
/// decision may depend on advances the identity generation in the same transaction. Lists are ordered by name
/// unless said otherwise; `path_prefix` leaves out what is not below it, `/` nothing.
namespace postern::store {

class Sealer;

/// Counts the changes to anything that a decision may depend on: identities, policies, memberships, keys,
/// tags.
class IdentityGeneration {
 public:
  explicit IdentityGeneration(soci::session& sql) : sql_(sql) {}
  std::int64_t current();
  /// The repositories do this by themselves.
  void advance();

 private:
  soci::session& sql_;
};

class UserRepository {
 public:
  UserRepository(soci::session& sql, const Sealer& sealer) : sql_(sql), sealer_(sealer) {}
  void add(const User& user);
  std::optional<User> find(std::string_view user_id);
  /// Exactly this name.
  std::optional<User> find_by_name(std::string_view name);
  /// Whether a user has this name in whatever case.
  bool is_name_taken(std::string_view name);
  std::vector<User> list(std::string_view path_prefix = "/");
  std::size_t count();
  /// Writes name, path, ARN and boundary. False when the user is gone.
  bool update(const User& user);
  void note_password_use(std::string_view user_id, Timestamp now);
  /// Removes the user with all that belongs to it: keys, memberships, policies, tags, login profile.
  bool remove(std::string_view user_id);

  void add_key(const AccessKey& key);
  std::optional<AccessKey> find_key(std::string_view access_key_id);
  /// Ordered by creation.
  std::vector<AccessKey> keys_of(std::string_view user_id);
  bool set_key_status(std::string_view access_key_id, KeyStatus status);
  /// Is no change of the identities.
  void note_key_use(std::string_view access_key_id, Timestamp now, std::string_view region,
                    std::string_view service);
  bool remove_key(std::string_view access_key_id);
  std::size_t count_keys();

 private:
  soci::session& sql_;
  const Sealer& sealer_;
};

class GroupRepository {
 public:
  explicit GroupRepository(soci::session& sql) : sql_(sql) {}
  void add(const Group& group);
  std::optional<Group> find(std::string_view group_id);
  std::optional<Group> find_by_name(std::string_view name);
  bool is_name_taken(std::string_view name);
  std::vector<Group> list(std::string_view path_prefix = "/");
  std::size_t count();
  /// Writes name, path and ARN. False when the group is gone.
  bool update(const Group& group);
  /// Removes the group, its memberships and its policies.
  bool remove(std::string_view group_id);

  /// Does nothing when the user is a member already.
  void add_member(std::string_view group_id, std::string_view user_id);
  bool remove_member(std::string_view group_id, std::string_view user_id);
  std::vector<User> members(std::string_view group_id);
  std::vector<Group> groups_of(std::string_view user_id);

 private:
  soci::session& sql_;
};

class RoleRepository {
 public:
  explicit RoleRepository(soci::session& sql) : sql_(sql) {}
  void add(const Role& role);
  std::optional<Role> find(std::string_view role_id);
  std::optional<Role> find_by_name(std::string_view name);
  bool is_name_taken(std::string_view name);
  std::vector<Role> list(std::string_view path_prefix = "/");
  std::size_t count();
  /// Writes all but id, name, path, ARN, creation and use. False when the role is gone.
  bool update(const Role& role);
  /// Is no change of the identities.
  void note_use(std::string_view role_id, Timestamp now, std::string_view region);
  /// Removes the role, its policies and its tags. Throws StoreError while an instance profile has it.
  bool remove(std::string_view role_id);

 private:
  soci::session& sql_;
};

class InstanceProfileRepository {
 public:
  explicit InstanceProfileRepository(soci::session& sql) : sql_(sql) {}
  void add(const InstanceProfile& profile);
  std::optional<InstanceProfile> find_by_name(std::string_view name);
  bool is_name_taken(std::string_view name);
  std::vector<InstanceProfile> list(std::string_view path_prefix = "/");
  std::vector<InstanceProfile> list_with_role(std::string_view role_id);
  std::size_t count();
  bool set_role(std::string_view profile_id, const std::optional<std::string>& role_id);
  /// Removes the profile and its tags.
  bool remove(std::string_view profile_id);

 private:
  soci::session& sql_;
};

/// Customer managed policies; those that are built in are in aws/policies/built_in.h.
class PolicyRepository {
 public:
  explicit PolicyRepository(soci::session& sql) : sql_(sql) {}
  /// Adds the policy alone; its first version follows.
  void add(const ManagedPolicy& policy);
  std::optional<ManagedPolicy> find(std::string_view arn);
  bool is_name_taken(std::string_view name);
  std::vector<ManagedPolicy> list(std::string_view path_prefix = "/");
  std::size_t count();
  /// Removes the policy, its versions and its tags; attachments must be gone already.
  bool remove(std::string_view policy_id);

  /// Adds a version of an existing policy, and counts it in last_version.
  void add_version(std::string_view policy_id, const PolicyVersion& version);
  /// Newest first, with their documents.
  std::vector<PolicyVersion> versions(std::string_view policy_id);
  std::optional<PolicyVersion> find_version(std::string_view policy_id, std::int64_t version);
  bool set_default(std::string_view policy_id, std::int64_t version, Timestamp now);
  bool remove_version(std::string_view policy_id, std::int64_t version);
  std::size_t count_versions();

 private:
  soci::session& sql_;
};

/// Which policies users, groups and roles have. `holder_id` is the unique id of one of these.
class AttachmentRepository {
 public:
  explicit AttachmentRepository(soci::session& sql) : sql_(sql) {}
  /// Does nothing when it is attached already.
  void attach(std::string_view holder_id, std::string_view policy_arn);
  bool detach(std::string_view holder_id, std::string_view policy_arn);
  /// ARNs, ordered.
  std::vector<std::string> attached_to(std::string_view holder_id);
  /// Ids of those that have the policy, ordered.
  std::vector<std::string> holders_of(std::string_view policy_arn);
  /// Ids of users and roles whose permissions boundary it is, ordered.
  std::vector<std::string> bounded_by(std::string_view policy_arn);
  /// How many have each policy, and how many have it as permissions boundary, by ARN.
  std::map<std::string, std::size_t> attachment_counts();
  std::map<std::string, std::size_t> boundary_counts();
  /// Whether the user has the policy, directly or through a group.
  bool reaches_user(std::string_view user_id, std::string_view policy_arn);

  void put_inline(std::string_view holder_id, std::string_view name, std::string_view document);
  std::optional<std::string> find_inline(std::string_view holder_id, std::string_view name);
  /// Names and documents.
  std::map<std::string, std::string> inline_of(std::string_view holder_id);
  bool remove_inline(std::string_view holder_id, std::string_view name);

 private:
  soci::session& sql_;
};

/// All that one decision about a principal needs, in one read.
class GrantRepository {
 public:
  explicit GrantRepository(soci::session& sql) : sql_(sql) {}
  /// Nothing when there is no such user or role.
  std::optional<Grants> grants_of_user(std::string_view user_id);
  std::optional<Grants> grants_of_role(std::string_view role_id);

 private:
  void add_policies(Grants& grants);
  soci::session& sql_;
};

class LoginProfileRepository {
 public:
  explicit LoginProfileRepository(soci::session& sql) : sql_(sql) {}
  /// Adds or replaces.
  void put(const LoginProfile& profile);
  std::optional<LoginProfile> find(std::string_view user_id);
  bool remove(std::string_view user_id);

 private:
  soci::session& sql_;
};

class MfaDeviceRepository {
 public:
  MfaDeviceRepository(soci::session& sql, const Sealer& sealer) : sql_(sql), sealer_(sealer) {}
  void add(const MfaDevice& device);
  std::optional<MfaDevice> find(std::string_view serial_number);
  /// Ordered by serial number; those of nobody too.
  std::vector<MfaDevice> list();
  std::vector<MfaDevice> devices_of(std::string_view user_id);
  /// Gives the device to a user. `step` is that of the newer of the two codes shown.
  bool enable(std::string_view serial_number, std::string_view user_id, Timestamp now, std::int64_t step);
  /// Takes it from its user.
  bool disable(std::string_view serial_number);
  /// Takes a code's time step once: false when it, or a later one, was accepted before. Atomic; no change of
  /// the identities.
  bool accept_step(std::string_view serial_number, std::int64_t step);
  /// Removes the device and its tags.
  bool remove(std::string_view serial_number);

 private:
  soci::session& sql_;
  const Sealer& sealer_;
};

/// None of this is a change of the identities. Those of a user or role that is removed go with it.
class TemporaryCredentialRepository {
 public:
  TemporaryCredentialRepository(soci::session& sql, const Sealer& sealer) : sql_(sql), sealer_(sealer) {}
  void add(const TemporaryCredential& credential);
  /// Expired ones too.
  std::optional<TemporaryCredential> find(std::string_view access_key_id);
  bool remove(std::string_view access_key_id);
  /// Returns how many were deleted.
  std::size_t remove_expired(Timestamp now);

 private:
  soci::session& sql_;
  const Sealer& sealer_;
};

/// Ordered by ARN.
class OidcProviderRepository {
 public:
  explicit OidcProviderRepository(soci::session& sql) : sql_(sql) {}
  void add(const OidcProvider& provider);
  std::optional<OidcProvider> find(std::string_view arn);
  std::vector<OidcProvider> list();
  /// Writes client ids and thumbprints. False when it is gone.
  bool update(const OidcProvider& provider);
  /// Removes the provider and its tags.
  bool remove(std::string_view arn);

 private:
  soci::session& sql_;
};

class ServiceControlRepository {
 public:
  explicit ServiceControlRepository(soci::session& sql) : sql_(sql) {}
  /// Adds the policy alone, without targets.
  void add(const ServiceControlPolicy& policy);
  std::optional<ServiceControlPolicy> find(std::string_view policy_id);
  std::optional<ServiceControlPolicy> find_by_name(std::string_view name);
  std::vector<ServiceControlPolicy> list();
  /// Writes name, description and content. False when it is gone.
  bool update(const ServiceControlPolicy& policy);
  /// Removes the policy, its attachments and its tags.
  bool remove(std::string_view policy_id);
  /// Does nothing when it is attached already.
  void attach(std::string_view policy_id, std::string_view target_id);
  bool detach(std::string_view policy_id, std::string_view target_id);

 private:
  soci::session& sql_;
};

/// What was used when. No change of the identities.
class LastAccessedRepository {
 public:
  explicit LastAccessedRepository(soci::session& sql) : sql_(sql) {}
  /// Keeps the latest of each action.
  void note(const LastAccessed& access);
  /// Ordered by service and action.
  std::vector<LastAccessed> list(std::string_view principal_id);

  void add_job(const LastAccessedJob& job);
  std::optional<LastAccessedJob> find_job(std::string_view job_id);
  /// Returns how many were deleted.
  std::size_t remove_jobs_before(Timestamp time);

 private:
  soci::session& sql_;
};

}  // namespace postern::store
