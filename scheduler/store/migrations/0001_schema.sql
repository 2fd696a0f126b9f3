-- The record of jobs, files and references. Everything outside is keyed by project; inside, a job is
-- a bigint that grows with age (leader epoch and counter).

-- Who leads the cell. The epoch is in a unique index so that a change of it is a key update, which
-- waits for every transaction that fenced itself on this row.
CREATE TABLE leadership (
  cell text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL,
  instance text NOT NULL,  -- '': released.
  address text NOT NULL,
  expires_at timestamptz NOT NULL,
  last_batch bigint NOT NULL,  -- Sequence of the newest committed batch of this epoch.
  UNIQUE (cell, epoch)
) WITH (fillfactor = 50);

-- What transitions change. No index holds a column that a transition writes, so updates are HOT; a
-- claimed row is larger than a queued one, and the fill factor leaves room for all rows of a page to
-- be claimed in one batch.
CREATE TABLE job (
  key bigint PRIMARY KEY,
  project text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  state smallint NOT NULL,
  wait_reason smallint NOT NULL,
  attempt integer NOT NULL,
  charges integer NOT NULL,
  losses integer NOT NULL,
  version bigint NOT NULL,
  wait_until timestamptz,
  start_time timestamptz,
  end_time timestamptz,
  lease_token text COLLATE "C" NOT NULL,
  worker text COLLATE "C" NOT NULL,
  error_reason text COLLATE "C" NOT NULL,
  error_message text NOT NULL,
  error_metadata jsonb NOT NULL,
  UNIQUE (project, id),
  UNIQUE (project, request_id)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000,
        autovacuum_analyze_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX job_by_project ON job (project, key);

-- What never changes after creation.
CREATE TABLE job_spec (
  job_key bigint PRIMARY KEY,
  uid text NOT NULL,
  display_name text NOT NULL,
  request_hash text NOT NULL,
  created_by text COLLATE "C" NOT NULL,
  labels jsonb NOT NULL,
  create_time timestamptz NOT NULL,
  queue text COLLATE "C" NOT NULL,
  priority integer NOT NULL,
  stages jsonb NOT NULL,
  max_attempts integer NOT NULL,
  backoff_us bigint NOT NULL,
  backoff_multiplier double precision NOT NULL,
  backoff_cap_us bigint NOT NULL,
  execution_timeout_us bigint,  -- NULL: none.
  not_before timestamptz,
  spec bytea NOT NULL,
  grant_payload bytea NOT NULL
);

-- The keys of jobs in no terminal state: what a new leader loads. A table of its own and not a
-- partial index of job, because an index predicate on the state would end the HOT updates.
CREATE TABLE job_live (
  job_key bigint PRIMARY KEY
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

-- Files and references a job needs: they are not deleted while it lives.
CREATE TABLE job_need (
  project text COLLATE "C" NOT NULL,
  kind smallint NOT NULL,  -- 1 file, 2 reference.
  resource_id text COLLATE "C" NOT NULL,
  job_key bigint NOT NULL,
  PRIMARY KEY (project, kind, resource_id, job_key)
);

-- The committed outcome of completed jobs.
CREATE TABLE job_result (
  job_key bigint PRIMARY KEY,
  manifest_uri text NOT NULL,
  manifest_sha256 text NOT NULL,
  report_json text NOT NULL,
  quality_score double precision,
  verdict smallint NOT NULL,
  outputs jsonb NOT NULL
);

-- The audit trail: append-only, sequence gapless from 1 per job.
CREATE TABLE job_event (
  job_key bigint NOT NULL,
  sequence bigint NOT NULL,
  time timestamptz NOT NULL,
  event smallint NOT NULL,
  from_state smallint,  -- NULL: the creation.
  to_state smallint NOT NULL,
  attempt integer NOT NULL,
  worker text NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (job_key, sequence)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.2);

-- The number of jobs by state: kept by every batch, never counted.
CREATE TABLE job_state_count (
  project text COLLATE "C" NOT NULL,
  state smallint NOT NULL,
  jobs bigint NOT NULL,
  PRIMARY KEY (project, state)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE TABLE file (
  project text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  age bigint GENERATED ALWAYS AS IDENTITY,  -- Orders lists.
  request_id text COLLATE "C",  -- NULL: produced by a job.
  display_name text NOT NULL,
  uri text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  produced_by text NOT NULL,
  created_by text NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (project, id),
  UNIQUE (project, request_id)
);
CREATE INDEX file_by_age ON file (project, age);

CREATE TABLE reference (
  project text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  age bigint GENERATED ALWAYS AS IDENTITY,  -- Orders lists.
  request_id text COLLATE "C" NOT NULL,
  stage text NOT NULL,
  file_id text COLLATE "C" NOT NULL,
  key_columns jsonb NOT NULL,
  display_name text NOT NULL,
  created_by text NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (project, id),
  UNIQUE (project, request_id),
  FOREIGN KEY (project, file_id) REFERENCES file (project, id)
);
CREATE INDEX reference_by_file ON reference (project, file_id);
CREATE INDEX reference_by_age ON reference (project, age);

-- Times leave the database as microseconds since 1970.
CREATE FUNCTION unix_us(timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN (extract(epoch FROM $1) * 1000000)::bigint;

-- A job as it is read: one row, the report's text left out.
CREATE VIEW job_record AS
SELECT j.key, j.project, j.id, j.request_id, j.state, j.wait_reason, j.attempt, j.charges, j.losses,
       j.version, unix_us(j.wait_until) AS wait_until, unix_us(j.start_time) AS start_time,
       unix_us(j.end_time) AS end_time, j.lease_token, j.worker, j.error_reason, j.error_message,
       j.error_metadata, s.uid, s.display_name, s.request_hash, s.created_by, s.labels,
       unix_us(s.create_time) AS create_time, s.queue, s.priority, s.stages, s.max_attempts,
       s.backoff_us, s.backoff_multiplier, s.backoff_cap_us, s.execution_timeout_us,
       unix_us(s.not_before) AS not_before, s.spec, s.grant_payload, r.manifest_uri,
       r.manifest_sha256, r.quality_score, r.verdict, r.outputs
FROM job j JOIN job_spec s ON s.job_key = j.key LEFT JOIN job_result r ON r.job_key = j.key;
