-- Tells that jobs are deleted: the last event of their history, and the way to it by name. $1 keys, a
-- JSON array, $2 the time, $3 who, $4 why. 0 rows: always.
WITH gone AS (
  SELECT j.*
  FROM jsonb_array_elements_text($1::jsonb) AS t (value)
  JOIN job j ON j.key = t.value::bigint
), named AS (
  INSERT INTO deleted_resource (project, kind, id, key, state, version, time, actor, reason)
  SELECT project, 1, id, key, state, version + 1, $2::timestamptz, $3, $4 FROM gone
)
INSERT INTO job_event (job_key, sequence, time, event, from_state, to_state, attempt, worker, actor,
                       reason, message)
SELECT key, version + 1, $2::timestamptz, 19, state, state, attempt, '', $3, '', $4 FROM gone
