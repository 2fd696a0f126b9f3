-- Locks files that are to be deleted, so that who needs them, as the next statement sees it, is all there is.
-- $1 project, $2 a JSON array of ids. 0 rows: none is there.
SELECT id
FROM file
WHERE project = $1
  AND id = ANY (ARRAY(SELECT value FROM jsonb_array_elements_text($2::jsonb) AS t (value)))
ORDER BY id
FOR UPDATE
