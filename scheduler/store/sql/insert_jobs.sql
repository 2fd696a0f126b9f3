-- Inserts the hot rows of new jobs; arrays, one element a job.
-- Returns the keys of the inserted; one that is missing met an existing key, name or request id.
INSERT INTO job (key, project, id, request_id, state, wait_reason, attempt, charges, losses, version,
                 wait_until, start_time, end_time, lease_token, worker, error_reason, error_message,
                 error_metadata)
SELECT key, project, id, request_id, state, wait_reason, attempt, charges, losses, version,
       wait_until, start_time, end_time, lease_token, worker, error_reason, error_message,
       error_metadata::jsonb
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::smallint[],
            $7::integer[], $8::integer[], $9::integer[], $10::bigint[], $11::timestamptz[],
            $12::timestamptz[], $13::timestamptz[], $14::text[], $15::text[], $16::text[],
            $17::text[], $18::text[])
  AS u (key, project, id, request_id, state, wait_reason, attempt, charges, losses, version,
        wait_until, start_time, end_time, lease_token, worker, error_reason, error_message,
        error_metadata)
ON CONFLICT DO NOTHING
RETURNING key
