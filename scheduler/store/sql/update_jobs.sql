-- Rewrites the status of jobs whose row holds the expected attempt and token; arrays, one element a
-- job. $1 key, $2 expected attempt, $3 expected token, then the status.
-- Fewer rows than elements: a row held something else, the batch must not be committed.
UPDATE job j
SET state = u.state, wait_reason = u.wait_reason, attempt = u.attempt, charges = u.charges,
    losses = u.losses, version = u.version, wait_until = u.wait_until, start_time = u.start_time,
    end_time = u.end_time, lease_token = u.lease_token, worker = u.worker,
    error_reason = u.error_reason, error_message = u.error_message,
    error_metadata = u.error_metadata::jsonb
FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::smallint[], $5::smallint[], $6::integer[],
            $7::integer[], $8::integer[], $9::bigint[], $10::timestamptz[], $11::timestamptz[],
            $12::timestamptz[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[])
  AS u (key, expected_attempt, expected_token, state, wait_reason, attempt, charges, losses, version,
        wait_until, start_time, end_time, lease_token, worker, error_reason, error_message,
        error_metadata)
WHERE j.key = u.key AND j.attempt = u.expected_attempt AND j.lease_token = u.expected_token
