-- Creates new jobs, each with what never changes of it; arrays, one element a job. An existing key,
-- name or request id fails it (unique_violation): insert_jobs then tells which. 0 rows: always.
WITH jobs AS (
  INSERT INTO job (key, project, id, request_id, state, wait_reason, attempt, charges, losses,
                   version, wait_until, start_time, end_time, lease_token, worker, error_reason,
                   error_message, error_metadata)
  SELECT unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),
         unnest($5::smallint[]), unnest($6::smallint[]), 0, 0, 0, 1, unnest($7::timestamptz[]),
         NULL, NULL, '', '', '', '', '{}'
)
INSERT INTO job_spec (job_key, uid, display_name, request_hash, created_by, labels, create_time,
                      queue, priority, stages, max_attempts, backoff_us, backoff_multiplier,
                      backoff_cap_us, execution_timeout_us, not_before, spec, grant_payload,
                      concurrency_key, concurrency_max, no_progress_timeout_us, start_deadline)
SELECT unnest($1::bigint[]), unnest($8::text[]), unnest($9::text[]), unnest($10::text[]),
       unnest($11::text[]), unnest($12::text[])::jsonb, unnest($13::timestamptz[]),
       unnest($14::text[]), unnest($15::integer[]), unnest($16::text[])::jsonb,
       unnest($17::integer[]), unnest($18::bigint[]), unnest($19::double precision[]),
       unnest($20::bigint[]), unnest($21::bigint[]), unnest($22::timestamptz[]),
       unnest($23::bytea[]), unnest($24::bytea[]), unnest($25::text[]), unnest($26::integer[]),
       unnest($27::bigint[]), unnest($28::timestamptz[])
