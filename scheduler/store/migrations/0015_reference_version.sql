-- References have versions, and one of a project and stage is active.

-- The row of a reference holds its current version; older schedulers go on with that alone.
ALTER TABLE reference
  ADD active boolean NOT NULL DEFAULT false,
  ADD wants_active boolean NOT NULL DEFAULT false,  -- Active once a version is READY.
  ADD version integer NOT NULL DEFAULT 1,
  ADD newest_version integer NOT NULL DEFAULT 1,
  ADD revision bigint NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX reference_active ON reference (project, stage) WHERE active;

CREATE TABLE reference_version (
  project text COLLATE "C" NOT NULL,
  reference_id text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  file_id text COLLATE "C" NOT NULL,  -- Of an earlier version it may be deleted.
  key_columns jsonb NOT NULL,
  state smallint NOT NULL,  -- 1 VALIDATING, 2 READY, 3 REFUSED, 4 UNCHECKED.
  error_reason text NOT NULL DEFAULT '',
  error_message text NOT NULL DEFAULT '',
  error_metadata jsonb NOT NULL DEFAULT '{}',
  validation_job text NOT NULL,
  created_by text NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (project, reference_id, version),
  FOREIGN KEY (project, reference_id) REFERENCES reference (project, id) ON DELETE CASCADE
);
CREATE INDEX reference_version_validating ON reference_version (project, file_id) WHERE state = 1;
INSERT INTO reference_version (project, reference_id, version, file_id, key_columns, state,
                               validation_job, created_by, create_time)
SELECT project, id, 1, file_id, key_columns, 4, '', created_by, create_time FROM reference;

-- A reference as it is read, with what is known of its current version: UNCHECKED, when an older
-- scheduler made it.
CREATE VIEW reference_record AS
SELECT r.project, r.id, r.age, r.request_id, r.stage, r.file_id, r.key_columns, r.display_name,
       r.created_by, unix_us(r.create_time) AS create_time, r.active, r.wants_active, r.version,
       r.newest_version, r.revision, coalesce(v.state, 4)::smallint AS state
FROM reference r
LEFT JOIN reference_version v
  ON v.project = r.project AND v.reference_id = r.id AND v.version = r.version;
