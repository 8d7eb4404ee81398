-- Session documents. A version is never changed; its number is never given twice, so last_version counts also
-- those that were deleted. `platform_types` are the API's names, separated by commas.

CREATE TABLE documents (
  name TEXT NOT NULL PRIMARY KEY,
  document_type TEXT NOT NULL,
  target_type TEXT NOT NULL,
  default_version BIGINT NOT NULL,
  last_version BIGINT NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE document_versions (
  name TEXT NOT NULL REFERENCES documents (name) ON DELETE CASCADE,
  version BIGINT NOT NULL,
  version_name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  format TEXT NOT NULL,
  content TEXT NOT NULL,
  hash TEXT NOT NULL,
  platform_types TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (name, version)
);

CREATE INDEX document_versions_by_hash ON document_versions (name, hash);

-- What a session was started with. Sessions from before had a shell and no limits.
ALTER TABLE sessions ADD COLUMN document_version TEXT NOT NULL DEFAULT '1';

ALTER TABLE sessions ADD COLUMN session_type TEXT NOT NULL DEFAULT 'Standard_Stream';

ALTER TABLE sessions ADD COLUMN idle_timeout_seconds BIGINT NOT NULL DEFAULT 0;

ALTER TABLE sessions ADD COLUMN max_duration_seconds BIGINT NOT NULL DEFAULT 0;
