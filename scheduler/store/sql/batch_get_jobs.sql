-- Returns jobs by id, in any order. $1 project, $2 a JSON array of ids. 0 rows: none exists.
SELECT * FROM job_record
WHERE project = $1
  AND id = ANY (ARRAY(SELECT value FROM jsonb_array_elements_text($2::jsonb) AS t (value)))
