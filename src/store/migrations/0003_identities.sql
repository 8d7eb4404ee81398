-- IAM's identities. `..._id` are AWS's unique ids, whose beginning says what they name: AIDA a user, AGPA a group,
-- AROA a role, ANPA a policy, AIPA an instance profile. Names are unique whatever their case, as IAM has it. An ARN
-- may be that of a built-in policy, so policies' ARNs refer to no row.

-- Counts the changes that a decision may depend on, so that what was read earlier can be told from what holds now.
CREATE TABLE identity_generation (
  only_row BIGINT NOT NULL PRIMARY KEY,
  generation BIGINT NOT NULL
);

INSERT INTO identity_generation (only_row, generation) VALUES (1, 1);

ALTER TABLE users ADD COLUMN path TEXT NOT NULL DEFAULT '/';

ALTER TABLE users ADD COLUMN boundary_arn TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN password_last_used BIGINT;

CREATE UNIQUE INDEX users_by_folded_name ON users (lower(name));

ALTER TABLE access_keys ADD COLUMN last_used BIGINT;

ALTER TABLE access_keys ADD COLUMN last_used_region TEXT NOT NULL DEFAULT '';

ALTER TABLE access_keys ADD COLUMN last_used_service TEXT NOT NULL DEFAULT '';

CREATE TABLE user_groups (
  group_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  arn TEXT NOT NULL UNIQUE,
  created BIGINT NOT NULL
);

CREATE UNIQUE INDEX user_groups_by_folded_name ON user_groups (lower(name));

CREATE TABLE group_members (
  group_id TEXT NOT NULL REFERENCES user_groups (group_id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, user_id)
);

CREATE INDEX group_members_by_user ON group_members (user_id);

CREATE TABLE roles (
  role_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  arn TEXT NOT NULL UNIQUE,
  trust_policy TEXT NOT NULL,
  description TEXT NOT NULL,
  max_session_seconds BIGINT NOT NULL,
  boundary_arn TEXT NOT NULL,
  created BIGINT NOT NULL,
  last_used BIGINT,
  last_used_region TEXT NOT NULL
);

CREATE UNIQUE INDEX roles_by_folded_name ON roles (lower(name));

CREATE TABLE instance_profiles (
  profile_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  arn TEXT NOT NULL UNIQUE,
  role_id TEXT REFERENCES roles (role_id),
  created BIGINT NOT NULL
);

CREATE UNIQUE INDEX instance_profiles_by_folded_name ON instance_profiles (lower(name));

CREATE INDEX instance_profiles_by_role ON instance_profiles (role_id);

-- Customer managed policies. A version is never changed; its number is never given twice.
CREATE TABLE policies (
  policy_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  arn TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  default_version BIGINT NOT NULL,
  last_version BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

CREATE UNIQUE INDEX policies_by_folded_name ON policies (lower(name));

CREATE TABLE policy_versions (
  policy_id TEXT NOT NULL REFERENCES policies (policy_id) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  document TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (policy_id, version)
);

-- `holder_id`: a user, group or role.
CREATE TABLE attached_policies (
  holder_id TEXT NOT NULL,
  policy_arn TEXT NOT NULL,
  PRIMARY KEY (holder_id, policy_arn)
);

CREATE INDEX attached_policies_by_policy ON attached_policies (policy_arn);

CREATE TABLE inline_policies (
  holder_id TEXT NOT NULL,
  name TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (holder_id, name)
);

INSERT INTO attached_policies (holder_id, policy_arn)
  SELECT user_id, 'arn:aws:iam::aws:policy/AdministratorAccess' FROM users WHERE administrator = 1;

ALTER TABLE users DROP COLUMN administrator;

CREATE TABLE login_profiles (
  user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (user_id) ON DELETE CASCADE,
  password_hash TEXT NOT NULL,
  reset_required BIGINT NOT NULL,
  created BIGINT NOT NULL
);

-- A virtual device without a user has been created and not yet enabled. `last_step`: the TOTP time step of the last
-- code that was accepted; no code is accepted twice.
CREATE TABLE mfa_devices (
  serial_number TEXT NOT NULL PRIMARY KEY,
  sealed_seed TEXT NOT NULL,
  user_id TEXT REFERENCES users (user_id) ON DELETE SET NULL,
  created BIGINT NOT NULL,
  enabled BIGINT,
  last_step BIGINT NOT NULL
);

CREATE INDEX mfa_devices_by_user ON mfa_devices (user_id);

-- Client ids and thumbprints one a line.
CREATE TABLE oidc_providers (
  arn TEXT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  client_ids TEXT NOT NULL,
  thumbprints TEXT NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE service_control_policies (
  policy_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  content TEXT NOT NULL,
  created BIGINT NOT NULL
);

-- `target_id`: the organization's root (r-...) or the account.
CREATE TABLE service_control_targets (
  policy_id TEXT NOT NULL REFERENCES service_control_policies (policy_id) ON DELETE CASCADE,
  target_id TEXT NOT NULL,
  PRIMARY KEY (policy_id, target_id)
);

-- The last allowed call of each action by each user and role.
CREATE TABLE last_accessed (
  principal_id TEXT NOT NULL,
  service TEXT NOT NULL,
  action TEXT NOT NULL,
  region TEXT NOT NULL,
  accessed BIGINT NOT NULL,
  PRIMARY KEY (principal_id, service, action)
);

CREATE TABLE last_accessed_jobs (
  job_id TEXT NOT NULL PRIMARY KEY,
  entity_arn TEXT NOT NULL,
  granularity TEXT NOT NULL,
  created BIGINT NOT NULL
);
