-- Creates new jobs with everything that belongs to them; arrays, one element a job. An existing key,
-- name or request id fails it (unique_violation): insert_jobs then tells which. Never 0 rows.
WITH new AS (
  SELECT unnest($1::bigint[]) AS key, unnest($2::text[]) AS project, unnest($3::text[]) AS id,
         unnest($4::text[]) AS request_id, unnest($5::smallint[]) AS state,
         unnest($6::smallint[]) AS wait_reason, unnest($7::timestamptz[]) AS wait_until,
         unnest($8::text[]) AS uid, unnest($9::text[]) AS display_name,
         unnest($10::text[]) AS request_hash, unnest($11::text[]) AS created_by,
         unnest($12::text[]) AS labels, unnest($13::timestamptz[]) AS create_time,
         unnest($14::text[]) AS queue, unnest($15::integer[]) AS priority,
         unnest($16::text[]) AS stages, unnest($17::integer[]) AS max_attempts,
         unnest($18::bigint[]) AS backoff_us,
         unnest($19::double precision[]) AS backoff_multiplier,
         unnest($20::bigint[]) AS backoff_cap_us, unnest($21::bigint[]) AS execution_timeout_us,
         unnest($22::timestamptz[]) AS not_before, unnest($23::bytea[]) AS spec,
         unnest($24::bytea[]) AS grant_payload, unnest($25::text[]) AS concurrency_key,
         unnest($26::integer[]) AS concurrency_max,
         unnest($27::bigint[]) AS no_progress_timeout_us,
         unnest($28::timestamptz[]) AS start_deadline
), jobs AS (
  INSERT INTO job (key, project, id, request_id, state, wait_reason, attempt, charges, losses,
                   version, wait_until, start_time, end_time, lease_token, worker, error_reason,
                   error_message, error_metadata)
  SELECT key, project, id, request_id, state, wait_reason, 0, 0, 0, 1, wait_until, NULL, NULL, '',
         '', '', '', '{}'
  FROM new
), specs AS (
  INSERT INTO job_spec (job_key, uid, display_name, request_hash, created_by, labels, create_time,
                        queue, priority, stages, max_attempts, backoff_us, backoff_multiplier,
                        backoff_cap_us, execution_timeout_us, not_before, spec, grant_payload,
                        concurrency_key, concurrency_max, no_progress_timeout_us, start_deadline)
  SELECT key, uid, display_name, request_hash, created_by, labels::jsonb, create_time, queue,
         priority, stages::jsonb, max_attempts, backoff_us, backoff_multiplier, backoff_cap_us,
         execution_timeout_us, not_before, spec, grant_payload, concurrency_key, concurrency_max,
         no_progress_timeout_us, start_deadline
  FROM new
)
SELECT count(*) FROM new
