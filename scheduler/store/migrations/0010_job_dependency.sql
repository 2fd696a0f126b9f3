-- Jobs that start once others are COMPLETED.

-- An older scheduler would start them at once: one that leads goes on, since it makes none, but none
-- leads again.
UPDATE leadership SET schema_version = 10;
ALTER TABLE leadership ADD CONSTRAINT leadership_knows_dependencies CHECK (schema_version >= 10);

CREATE TABLE job_dependency (
  job_key bigint NOT NULL,
  dependency_key bigint NOT NULL,
  PRIMARY KEY (job_key, dependency_key)
);

-- The state in which a job was created of whose creation there is no row: PENDING, when it had to wait.
CREATE FUNCTION created_state(spec job_spec) RETURNS smallint LANGUAGE sql STABLE PARALLEL SAFE
RETURN (CASE WHEN ($1).not_before > ($1).create_time THEN 1
             WHEN EXISTS (SELECT FROM job_dependency d WHERE d.job_key = ($1).job_key) THEN 1
             ELSE 2 END)::smallint;

CREATE OR REPLACE VIEW job_history AS
SELECT job_key, sequence, time, event, from_state, to_state, attempt, worker, actor, reason, message
FROM job_event
UNION ALL
SELECT s.job_key, 1, s.create_time, 1::smallint, NULL, created_state(s), 0, '', s.created_by, '', ''
FROM job_spec s
WHERE NOT EXISTS (SELECT FROM job_event e WHERE e.sequence = 1 AND e.job_key = s.job_key);

-- With the state of each dependency: [[key, state, id], ...], NULL: none.
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
        WHERE d.job_key = j.key) AS dependencies
FROM job j JOIN job_spec s ON s.job_key = j.key LEFT JOIN job_result r ON r.job_key = j.key
     LEFT JOIN job_checkpoint c ON c.job_key = j.key;
