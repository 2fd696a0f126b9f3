-- Deletes a file that no reference and no live job needs. $1 project, $2 id.
-- 0 rows: there is none, or it is needed.
DELETE FROM file f
WHERE f.project = $1 AND f.id = $2
  AND NOT EXISTS (SELECT FROM reference r WHERE r.project = $1 AND r.file_id = $2)
  AND NOT EXISTS (SELECT FROM job_need n JOIN job j ON j.key = n.job_key
                  WHERE n.project = $1 AND n.kind = 1 AND n.resource_id = $2
                    AND j.state NOT IN (7, 8, 9, 10))
