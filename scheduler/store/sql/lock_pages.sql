-- Locks pages of keys, so that what delete_empty_pages sees of their jobs is all there is. $1 project,
-- $2 pages, a JSON array. 0 rows: none is there.
SELECT page FROM job_page
WHERE project = $1
  AND page = ANY (ARRAY(SELECT value::bigint FROM jsonb_array_elements_text($2::jsonb) AS t (value)))
ORDER BY page
FOR UPDATE
