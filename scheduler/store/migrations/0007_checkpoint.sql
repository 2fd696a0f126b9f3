-- Where unfinished and failed jobs may go on.

CREATE TABLE job_checkpoint (
  job_key bigint PRIMARY KEY,
  attempt integer NOT NULL,
  sequence bigint NOT NULL,
  percent double precision NOT NULL,
  stage text NOT NULL,
  time timestamptz NOT NULL,
  place bytea NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

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
       unix_us(c.time) AS checkpoint_time, c.place AS checkpoint_place
FROM job j JOIN job_spec s ON s.job_key = j.key LEFT JOIN job_result r ON r.job_key = j.key
     LEFT JOIN job_checkpoint c ON c.job_key = j.key;
