-- Returns a job's events, oldest first, after one row that is there when the job is: its sequence is
-- NULL. Of a job that was deleted as well, the newest of its name. $1 project, $2 id, $3 the sequence to
-- start after, $4 how many at most. 0 rows: there never was such a job.
WITH wanted AS (
  SELECT key, version FROM job WHERE project = $1 AND id = $2
  UNION ALL
  (SELECT key, version FROM deleted_resource
   WHERE project = $1 AND kind = 1 AND id = $2
     AND NOT EXISTS (SELECT FROM job WHERE project = $1 AND id = $2)
   ORDER BY key DESC
   LIMIT 1)
)
SELECT NULL::bigint AS sequence, NULL::bigint AS time, NULL::smallint AS event,
       NULL::smallint AS from_state, NULL::smallint AS to_state, NULL::integer AS attempt,
       NULL::text AS worker, NULL::text AS actor, NULL::text AS reason, NULL::text AS message
FROM wanted
UNION ALL
(SELECT e.sequence, unix_us(e.time), e.event, e.from_state, e.to_state, e.attempt, e.worker,
        e.actor, e.reason, e.message
 FROM wanted
 CROSS JOIN LATERAL (SELECT least(version, $3::bigint) AS told) before
 CROSS JOIN generate_series(told + 1, least(version, told + $4::bigint)) AS number
 JOIN job_event e ON e.sequence = number AND e.job_key = key)
UNION ALL
-- As in job_history, which cannot be asked by key.
(SELECT 1, unix_us(s.create_time), 1::smallint, NULL,
        created_state(s), 0, '', s.created_by, '', ''
 FROM wanted
 JOIN job_spec s ON s.job_key = key
 WHERE $3::bigint < 1 AND $4::bigint > 0
   AND NOT EXISTS (SELECT FROM job_event e WHERE e.sequence = 1 AND e.job_key = key))
ORDER BY sequence NULLS FIRST
