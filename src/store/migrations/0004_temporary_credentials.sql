-- Temporary credentials of people: session tokens of users, sessions of roles. `kind`: session-token, assumed-role or
-- web-identity. Exactly one of user_id and role_id is set, and when that one goes, so do its credentials.
-- `parent_key_id` is the key with which they were asked for. Lists and tags are JSON.

CREATE TABLE temporary_credentials (
  access_key_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  session_token_hash TEXT NOT NULL,
  user_id TEXT REFERENCES users (user_id) ON DELETE CASCADE,
  role_id TEXT REFERENCES roles (role_id) ON DELETE CASCADE,
  session_name TEXT NOT NULL,
  parent_key_id TEXT NOT NULL,
  session_policies TEXT NOT NULL,
  session_policy_arns TEXT NOT NULL,
  session_tags TEXT NOT NULL,
  transitive_tag_keys TEXT NOT NULL,
  source_identity TEXT NOT NULL,
  federated_provider TEXT NOT NULL,
  mfa_time BIGINT,
  issued BIGINT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE INDEX temporary_credentials_by_user ON temporary_credentials (user_id);

CREATE INDEX temporary_credentials_by_role ON temporary_credentials (role_id);

CREATE INDEX temporary_credentials_by_expiry ON temporary_credentials (expires);
