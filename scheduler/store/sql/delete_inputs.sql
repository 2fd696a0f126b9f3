-- Deletes uploaded files that no reference and no job needs, and records those of them that are owed.
-- $1 project, $2 a JSON array of ids. Where a registered file lies nothing was written by us: it stays.
-- 0 rows: always.
WITH gone AS (
  DELETE FROM file f
  WHERE f.project = $1 AND f.produced_by = ''
    AND f.id = ANY (ARRAY(SELECT value FROM jsonb_array_elements_text($2::jsonb) AS t (value)))
    AND NOT EXISTS (SELECT FROM reference r WHERE r.project = $1 AND r.file_id = f.id)
    AND NOT EXISTS (SELECT FROM reference_version v
                    WHERE v.project = $1 AND v.file_id = f.id AND v.state = 1)
    AND NOT EXISTS (SELECT FROM job_need n
                    WHERE n.project = $1 AND n.kind = 1 AND n.resource_id = f.id)
  RETURNING f.project, f.uri
)
INSERT INTO storage_debt (project, job_id, manifest_uri, kept, uri)
SELECT project, '', '', '[]', uri FROM gone WHERE uri LIKE 'file:///projects/%'
