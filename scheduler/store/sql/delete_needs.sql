-- Forgets what jobs needed. $1 keys, a JSON array. Returns project and id of the files among it. 0 rows:
-- no files.
WITH gone AS (
  DELETE FROM job_need n
  USING jsonb_array_elements_text($1::jsonb) AS t (value)
  WHERE n.job_key = t.value::bigint
  RETURNING n.project, n.kind, n.resource_id
)
SELECT DISTINCT project, resource_id FROM gone WHERE kind = 1
