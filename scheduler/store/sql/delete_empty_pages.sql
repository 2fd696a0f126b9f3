-- Deletes pages of keys in which a project has no job any more; they are locked. $1 project, $2 pages, a
-- JSON array. 0 rows: always.
DELETE FROM job_page p
USING jsonb_array_elements_text($2::jsonb) AS t (value)
WHERE p.project = $1 AND p.page = t.value::bigint AND p.live = 0
  AND NOT EXISTS (SELECT FROM job j
                  WHERE j.key BETWEEN p.page << 8 AND (p.page << 8) + 255
                    AND j.project IS NOT DISTINCT FROM p.project)
