-- Inserts what never changes of new jobs; arrays, one element a job. 0 rows: no jobs were given.
INSERT INTO job_spec (job_key, uid, display_name, request_hash, created_by, labels, create_time,
                      queue, priority, stages, max_attempts, backoff_us, backoff_multiplier,
                      backoff_cap_us, execution_timeout_us, not_before, spec, grant_payload,
                      concurrency_key, concurrency_max, no_progress_timeout_us, start_deadline)
SELECT unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),
       unnest($5::text[]), unnest($6::text[])::jsonb, unnest($7::timestamptz[]),
       unnest($8::text[]), unnest($9::integer[]), unnest($10::text[])::jsonb,
       unnest($11::integer[]), unnest($12::bigint[]), unnest($13::double precision[]),
       unnest($14::bigint[]), unnest($15::bigint[]), unnest($16::timestamptz[]),
       unnest($17::bytea[]), unnest($18::bytea[]), unnest($19::text[]), unnest($20::integer[]),
       unnest($21::bigint[]), unnest($22::timestamptz[])
