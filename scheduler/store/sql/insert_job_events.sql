-- Appends to the audit trail; arrays, one element an event. 0 rows: no events were given.
INSERT INTO job_event (job_key, sequence, time, event, from_state, to_state, attempt, worker, actor,
                       reason, message)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::smallint[], $5::smallint[],
                     $6::smallint[], $7::integer[], $8::text[], $9::text[], $10::text[],
                     $11::text[])
