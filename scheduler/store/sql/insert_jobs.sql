-- Inserts the hot rows of new jobs; arrays, one element a job. Here and below arrays are unnested in
-- the select list: in FROM each of them would be copied into a store of its own.
-- Returns the keys of the inserted; one that is missing met an existing key, name or request id.
INSERT INTO job (key, project, id, request_id, state, wait_reason, attempt, charges, losses, version,
                 wait_until, start_time, end_time, lease_token, worker, error_reason, error_message,
                 error_metadata)
SELECT unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),
       unnest($5::smallint[]), unnest($6::smallint[]), unnest($7::integer[]),
       unnest($8::integer[]), unnest($9::integer[]), unnest($10::bigint[]),
       unnest($11::timestamptz[]), unnest($12::timestamptz[]), unnest($13::timestamptz[]),
       unnest($14::text[]), unnest($15::text[]), unnest($16::text[]), unnest($17::text[]),
       unnest($18::text[])::jsonb
ON CONFLICT DO NOTHING
RETURNING key
