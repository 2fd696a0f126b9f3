-- As lock_files, for the output files of jobs that are deleted. $1 keys, a JSON array. 0 rows: they have none.
SELECT f.id
FROM (SELECT DISTINCT j.project, o.value ->> 'file_id' AS id
      FROM jsonb_array_elements_text($1::jsonb) AS t (value)
      JOIN job j ON j.key = t.value::bigint
      JOIN job_result r ON r.job_key = j.key
      CROSS JOIN LATERAL jsonb_array_elements(r.outputs) AS o (value)) made
JOIN file f ON f.project = made.project AND f.id = made.id
ORDER BY f.project, f.id
FOR UPDATE OF f
