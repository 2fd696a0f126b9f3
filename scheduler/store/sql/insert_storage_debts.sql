-- Records what jobs that are deleted have left in storage, with the files of theirs that are still
-- recorded, and marks these as files of no job: to be run after delete_produced_files. $1 keys, a JSON
-- array. Returns the ids of those files, a JSON array a job that may have left something. 0 rows: none
-- has.
WITH going AS MATERIALIZED (
  SELECT j.key, j.project, j.id, j.attempt, j.state, coalesce(r.manifest_uri, '') AS manifest_uri,
         r.outputs
  FROM jsonb_array_elements_text($1::jsonb) AS t (value)
  JOIN job j ON j.key = t.value::bigint
  LEFT JOIN job_result r ON r.job_key = j.key
), marked AS (
  UPDATE file f SET producer_key = 0
  FROM (SELECT g.key, g.project, g.id, o.value ->> 'file_id' AS file_id
        FROM going g CROSS JOIN LATERAL jsonb_array_elements(g.outputs) AS o (value)) made
  WHERE f.project = made.project AND f.id = made.file_id
    AND coalesce(f.producer_key = made.key, f.produced_by = made.id)
)
INSERT INTO storage_debt (project, job_id, manifest_uri, kept, uri)
SELECT g.project, g.id, g.manifest_uri,
       coalesce((SELECT jsonb_agg(f.id)
                 FROM jsonb_array_elements(g.outputs) AS o (value)
                 JOIN file f ON f.project = g.project AND f.id = o.value ->> 'file_id'), '[]'), ''
FROM going g
WHERE g.manifest_uri <> '' OR g.attempt > 1 OR (g.attempt = 1 AND g.state <> 7)
RETURNING kept
