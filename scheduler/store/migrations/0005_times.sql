-- How long an attempt may report no progress, and when a job must have started.

ALTER TABLE job_spec
  ADD no_progress_timeout_us bigint,  -- NULL: none.
  ADD start_deadline timestamptz;     -- NULL: none.

CREATE OR REPLACE VIEW job_record AS
SELECT j.key, j.project, j.id, j.request_id, j.state, j.wait_reason, j.attempt, j.charges, j.losses,
       j.version, unix_us(j.wait_until) AS wait_until, unix_us(j.start_time) AS start_time,
       unix_us(j.end_time) AS end_time, j.lease_token, j.worker, j.error_reason, j.error_message,
       j.error_metadata, s.uid, s.display_name, s.request_hash, s.created_by, s.labels,
       unix_us(s.create_time) AS create_time, s.queue, s.priority, s.stages, s.max_attempts,
       s.backoff_us, s.backoff_multiplier, s.backoff_cap_us, s.execution_timeout_us,
       unix_us(s.not_before) AS not_before, s.spec, s.grant_payload, r.manifest_uri,
       r.manifest_sha256, r.quality_score, r.verdict, r.outputs, s.concurrency_key,
       s.concurrency_max, s.no_progress_timeout_us, unix_us(s.start_deadline) AS start_deadline
FROM job j JOIN job_spec s ON s.job_key = j.key LEFT JOIN job_result r ON r.job_key = j.key;
