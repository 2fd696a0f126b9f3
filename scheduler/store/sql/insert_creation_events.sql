-- Tells in job_event of creations of which job_spec alone tells, before that goes. $1 keys, a JSON
-- array. 0 rows: always.
INSERT INTO job_event (job_key, sequence, time, event, from_state, to_state, attempt, worker, actor,
                       reason, message)
SELECT s.job_key, 1, s.create_time, 1, NULL, created_state(s), 0, '', s.created_by, '', ''
FROM jsonb_array_elements_text($1::jsonb) AS t (value)
JOIN job_spec s ON s.job_key = t.value::bigint
WHERE NOT EXISTS (SELECT FROM job_event e WHERE e.sequence = 1 AND e.job_key = s.job_key)
