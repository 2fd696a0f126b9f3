-- Deletes the output files of jobs that are deleted, and records those of them that are owed beyond the
-- jobs' own folders: a job may have its outputs from an earlier one. A file stays that a reference, a
-- live job or another job that has it needs, or whose own job is there. Whose it is its key says; the
-- name does of files that were recorded without. $1 keys, a JSON array. 0 rows: always.
WITH going AS MATERIALIZED (
  SELECT j.key, j.project, j.id, r.outputs
  FROM jsonb_array_elements_text($1::jsonb) AS t (value)
  JOIN job j ON j.key = t.value::bigint
  JOIN job_result r ON r.job_key = j.key
), gone AS (
  DELETE FROM file f
  USING (SELECT g.project, g.key AS job_key, g.id AS job_id, o.value ->> 'file_id' AS id
         FROM going g CROSS JOIN LATERAL jsonb_array_elements(g.outputs) AS o (value)) made
  WHERE f.project = made.project AND f.id = made.id
    AND NOT EXISTS (SELECT FROM reference r
                    WHERE r.project = made.project AND r.file_id = made.id)
    AND NOT EXISTS (SELECT FROM reference_version v
                    WHERE v.project = made.project AND v.file_id = made.id AND v.state = 1)
    AND NOT EXISTS (SELECT FROM job_need n JOIN job j ON j.key = n.job_key
                    WHERE n.project = made.project AND n.kind = 1 AND n.resource_id = made.id
                      AND j.state NOT IN (7, 8, 9, 10))
    AND NOT EXISTS (SELECT FROM job_need n
                    WHERE n.project = made.project AND n.kind = 3 AND n.resource_id = made.id
                      AND n.job_key NOT IN (SELECT key FROM going))
    AND NOT EXISTS (SELECT FROM job p
                    WHERE p.key = f.producer_key AND p.key NOT IN (SELECT key FROM going))
    AND NOT EXISTS (SELECT FROM job p
                    WHERE f.producer_key IS NULL AND p.project = made.project AND p.id = f.produced_by
                      AND p.key NOT IN (SELECT key FROM going))
  RETURNING f.project, f.uri,
            CASE WHEN f.producer_key IS NULL THEN f.produced_by <> made.job_id
                 ELSE f.producer_key <> made.job_key END AS is_of_another
)
INSERT INTO storage_debt (project, job_id, manifest_uri, kept, uri)
SELECT project, '', '', '[]', uri FROM gone WHERE is_of_another
