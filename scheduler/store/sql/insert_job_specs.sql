-- Inserts what never changes of new jobs; arrays, one element a job. 0 rows: no jobs were given.
INSERT INTO job_spec (job_key, uid, display_name, request_hash, created_by, labels, create_time,
                      queue, priority, stages, max_attempts, backoff_us, backoff_multiplier,
                      backoff_cap_us, execution_timeout_us, not_before, spec, grant_payload)
SELECT job_key, uid, display_name, request_hash, created_by, labels::jsonb, create_time, queue,
       priority, stages::jsonb, max_attempts, backoff_us, backoff_multiplier, backoff_cap_us,
       execution_timeout_us, not_before, spec, grant_payload
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::timestamptz[], $8::text[], $9::integer[], $10::text[], $11::integer[],
            $12::bigint[], $13::double precision[], $14::bigint[], $15::bigint[],
            $16::timestamptz[], $17::bytea[], $18::bytea[])
  AS u (job_key, uid, display_name, request_hash, created_by, labels, create_time, queue, priority,
        stages, max_attempts, backoff_us, backoff_multiplier, backoff_cap_us, execution_timeout_us,
        not_before, spec, grant_payload)
