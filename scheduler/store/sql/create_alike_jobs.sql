-- As create_jobs, for jobs of one project, caller, state and set of rules: $1 to $10 are arrays, one
-- element a job, $11 to $28 hold for all of them. 0 rows: always.
WITH jobs AS (
  INSERT INTO job (key, project, id, request_id, state, wait_reason, attempt, charges, losses,
                   version, wait_until, start_time, end_time, lease_token, worker, error_reason,
                   error_message, error_metadata)
  SELECT unnest($1::bigint[]), $11::text, unnest($2::text[]), unnest($3::text[]), $12::smallint,
         $13::smallint, 0, 0, 0, 1, $14::timestamptz, NULL, NULL, '', '', '', '', '{}'
)
INSERT INTO job_spec (job_key, uid, display_name, request_hash, created_by, labels, create_time,
                      queue, priority, stages, max_attempts, backoff_us, backoff_multiplier,
                      backoff_cap_us, execution_timeout_us, not_before, spec, grant_payload,
                      concurrency_key, concurrency_max, no_progress_timeout_us, start_deadline)
SELECT unnest($1::bigint[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), $15::text,
       unnest($7::text[])::jsonb, unnest($8::timestamptz[]), $16::text, $17::integer, $18::jsonb,
       $19::integer, $20::bigint, $21::double precision, $22::bigint, $23::bigint,
       $24::timestamptz, unnest($9::bytea[]), unnest($10::bytea[]), $25::text, $26::integer,
       $27::bigint, $28::timestamptz
