-- What the start of a session was allowed by, sealed: asked again when policies change. Empty for sessions from before.
ALTER TABLE sessions ADD COLUMN authorization_record TEXT NOT NULL DEFAULT '';
