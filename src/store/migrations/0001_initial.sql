-- Times are microseconds since 1970 (UTC). Tokens and codes are kept as hexadecimal SHA-256, secrets sealed.
-- Only TEXT and BIGINT, so that SQLite and PostgreSQL read the same text.

CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE users (
  user_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  arn TEXT NOT NULL UNIQUE,
  administrator BIGINT NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE access_keys (
  access_key_id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
  sealed_secret TEXT NOT NULL,
  active BIGINT NOT NULL,
  created BIGINT NOT NULL
);

CREATE INDEX access_keys_by_user ON access_keys (user_id);

CREATE TABLE activations (
  activation_id TEXT NOT NULL PRIMARY KEY,
  code_hash TEXT NOT NULL,
  description TEXT NOT NULL,
  default_instance_name TEXT NOT NULL,
  iam_role TEXT NOT NULL,
  registration_limit BIGINT NOT NULL,
  registrations_count BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  created BIGINT NOT NULL
);

-- A node outlives the activation that let it in, so activation_id refers to no row.
CREATE TABLE nodes (
  node_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  activation_id TEXT NOT NULL,
  iam_role TEXT NOT NULL,
  public_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  registered BIGINT NOT NULL,
  last_ping BIGINT,
  agent_name TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  platform_type TEXT NOT NULL,
  platform_name TEXT NOT NULL,
  platform_version TEXT NOT NULL,
  ip_address TEXT NOT NULL,
  computer_name TEXT NOT NULL
);

CREATE INDEX nodes_by_name ON nodes (name);

CREATE TABLE node_credentials (
  access_key_id TEXT NOT NULL PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES nodes (node_id) ON DELETE CASCADE,
  sealed_secret TEXT NOT NULL,
  session_token_hash TEXT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE INDEX node_credentials_by_node ON node_credentials (node_id);

CREATE INDEX node_credentials_by_expiry ON node_credentials (expires);

CREATE TABLE tags (
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  tag_key TEXT NOT NULL,
  tag_value TEXT NOT NULL,
  PRIMARY KEY (resource_type, resource_id, tag_key)
);

CREATE INDEX tags_by_value ON tags (resource_type, tag_key, tag_value);

-- The record of a session outlives its node and its owner. `active` repeats what the status says, for the indexes.
CREATE TABLE sessions (
  session_id TEXT NOT NULL PRIMARY KEY,
  target TEXT NOT NULL,
  document_name TEXT NOT NULL,
  owner_arn TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  status TEXT NOT NULL,
  active BIGINT NOT NULL,
  details TEXT NOT NULL,
  started BIGINT NOT NULL,
  connected BIGINT,
  ended BIGINT,
  client_token_hash TEXT NOT NULL,
  client_token_expires BIGINT
);

CREATE INDEX sessions_by_start ON sessions (active, started, session_id);

CREATE INDEX sessions_by_target ON sessions (target, active, started);
