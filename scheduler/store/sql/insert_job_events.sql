-- Appends to the audit trail; arrays, one element an event. 0 rows: no events were given.
INSERT INTO job_event (job_key, sequence, time, event, from_state, to_state, attempt, worker, actor,
                       reason, message)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::timestamptz[]),
       unnest($4::smallint[]), unnest($5::smallint[]), unnest($6::smallint[]),
       unnest($7::integer[]), unnest($8::text[]), unnest($9::text[]), unnest($10::text[]),
       unnest($11::text[])
