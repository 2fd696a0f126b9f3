-- Deletes a file that no reference (in its current version, or in one that is being validated), no live
-- job and no job that has it from another job needs; storage owes it from then on, unless it was
-- registered. $1 project, $2 id. One row when it is deleted. 0 rows: there is none, or it is needed.
WITH gone AS (
  DELETE FROM file f
  WHERE f.project = $1 AND f.id = $2
    AND NOT EXISTS (SELECT FROM reference r WHERE r.project = $1 AND r.file_id = $2)
    AND NOT EXISTS (SELECT FROM reference_version v
                    WHERE v.project = $1 AND v.file_id = $2 AND v.state = 1)
    AND NOT EXISTS (SELECT FROM job_need n JOIN job j ON j.key = n.job_key
                    WHERE n.project = $1 AND n.kind = 1 AND n.resource_id = $2
                      AND j.state NOT IN (7, 8, 9, 10))
    AND NOT EXISTS (SELECT FROM job_need n
                    WHERE n.project = $1 AND n.kind = 3 AND n.resource_id = $2)
  RETURNING f.project, f.uri
), owed AS (
  INSERT INTO storage_debt (project, job_id, manifest_uri, kept, uri)
  SELECT project, '', '', '[]', uri FROM gone WHERE uri LIKE 'file:///projects/%'
)
SELECT 1 FROM gone
