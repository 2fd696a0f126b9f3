-- Batches: operations asked for together, each of which becomes a job.

-- An older scheduler would not count the jobs of batches: one that leads goes on, but none leads again.
ALTER TABLE leadership DROP CONSTRAINT leadership_knows_dependencies;
UPDATE leadership SET schema_version = 11;
ALTER TABLE leadership ADD CONSTRAINT leadership_knows_batches CHECK (schema_version >= 11);

CREATE TABLE batch (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  uid text NOT NULL,
  request_id text COLLATE "C",  -- NULL: none.
  request_hash text NOT NULL,
  display_name text NOT NULL,
  labels jsonb NOT NULL,
  created_by text NOT NULL,
  mode smallint NOT NULL,  -- 1 parallel, 2 sequential.
  max_parallel integer NOT NULL,  -- 0: no limit.
  stop_on_error boolean NOT NULL,
  operations integer NOT NULL,
  create_time timestamptz NOT NULL,
  -- From here on what changes.
  desire smallint NOT NULL,  -- 1 run, 2 pause, 3 resume, 4 stop, 5 cancel.
  made integer NOT NULL,
  refused integer NOT NULL,
  reopen_from integer NOT NULL,
  retries integer NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  run_time timestamptz NOT NULL,
  run_completed integer NOT NULL,
  end_time timestamptz,  -- NULL: there is something to do.
  version bigint NOT NULL,
  UNIQUE (project, id),
  UNIQUE (project, request_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
CREATE INDEX batch_by_project ON batch (project, key);
CREATE INDEX batch_open ON batch (key) WHERE end_time IS NULL;

-- Operations as they were asked for, counted from 1.
CREATE TABLE batch_operation (
  batch_key bigint NOT NULL,
  index integer NOT NULL,
  request bytea NOT NULL,
  refusal text NOT NULL DEFAULT '',  -- Why it can be no job.
  PRIMARY KEY (batch_key, index)
);

-- The jobs that they became: written with the job.
CREATE TABLE batch_job (
  batch_key bigint NOT NULL,
  index integer NOT NULL,
  job_key bigint NOT NULL UNIQUE,
  PRIMARY KEY (batch_key, index)
);

-- The number of jobs of a batch by state: kept by every commit, never counted.
CREATE TABLE batch_count (
  batch_key bigint NOT NULL,
  state smallint NOT NULL,
  jobs bigint NOT NULL,
  PRIMARY KEY (batch_key, state)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);

-- A batch as it is read, with the numbers of its jobs: {"state": jobs}, NULL: it has none.
CREATE VIEW batch_record AS
SELECT b.key, b.project, b.id, b.uid, coalesce(b.request_id, '') AS request_id, b.request_hash,
       b.display_name, b.labels, b.created_by, b.mode, b.max_parallel, b.stop_on_error,
       b.operations, unix_us(b.create_time) AS create_time, b.desire, b.made, b.refused,
       b.reopen_from, b.retries, b.actor, b.reason, unix_us(b.run_time) AS run_time,
       b.run_completed, unix_us(b.end_time) AS end_time, b.version,
       (SELECT jsonb_object_agg(c.state, c.jobs) FROM batch_count c
        WHERE c.batch_key = b.key) AS jobs
FROM batch b;

-- With the batch of which the job is an operation; NULL: of none.
CREATE OR REPLACE VIEW job_record AS
SELECT j.key, j.project, j.id, j.request_id, j.state, j.wait_reason, j.attempt, j.charges, j.losses,
       j.version, unix_us(j.wait_until) AS wait_until, unix_us(j.start_time) AS start_time,
       unix_us(j.end_time) AS end_time, j.lease_token, j.worker, j.error_reason, j.error_message,
       j.error_metadata, s.uid, s.display_name, s.request_hash, s.created_by, s.labels,
       unix_us(s.create_time) AS create_time, s.queue, s.priority, s.stages, s.max_attempts,
       s.backoff_us, s.backoff_multiplier, s.backoff_cap_us, s.execution_timeout_us,
       unix_us(s.not_before) AS not_before, s.spec, s.grant_payload, r.manifest_uri,
       r.manifest_sha256, r.quality_score, r.verdict, r.outputs, s.concurrency_key,
       s.concurrency_max, s.no_progress_timeout_us, unix_us(s.start_deadline) AS start_deadline,
       c.attempt AS checkpoint_attempt, c.sequence AS checkpoint_sequence,
       c.percent AS checkpoint_percent, c.stage AS checkpoint_stage,
       unix_us(c.time) AS checkpoint_time, c.place AS checkpoint_place,
       (SELECT jsonb_agg(jsonb_build_array(e.key, e.state, e.id))
        FROM job_dependency d JOIN job e ON e.key = d.dependency_key
        WHERE d.job_key = j.key) AS dependencies,
       o.batch_key, o.index AS operation_index, b.id AS batch_id
FROM job j JOIN job_spec s ON s.job_key = j.key LEFT JOIN job_result r ON r.job_key = j.key
     LEFT JOIN job_checkpoint c ON c.job_key = j.key
     LEFT JOIN batch_job o ON o.job_key = j.key LEFT JOIN batch b ON b.key = o.batch_key;
