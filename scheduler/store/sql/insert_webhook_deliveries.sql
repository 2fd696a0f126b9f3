-- Records that jobs have ended, once for every webhook that wants to hear of it; arrays, one element an
-- end, in order. $1 project, $2 key of the job, $3 its id, $4 the event, $5 reason, $6 time; due at
-- once, also where a leader's clock was ahead. 0 rows: always.
INSERT INTO webhook_delivery (webhook_key, event, subject_key, subject_id, reason, time, due_time)
SELECT w.key, e.event, e.job_key, e.job_id, e.reason, e.time, least(e.time, now())
FROM (SELECT unnest($1::text[]) AS project, unnest($2::bigint[]) AS job_key,
             unnest($3::text[]) AS job_id, unnest($4::smallint[]) AS event,
             unnest($5::text[]) AS reason, unnest($6::timestamptz[]) AS time) e
CROSS JOIN LATERAL (SELECT key
                    FROM webhook
                    WHERE project = e.project COLLATE "C" AND delete_time IS NULL
                      AND disable_time IS NULL AND (events >> e.event) & 1 = 1
                    OFFSET 0) w
