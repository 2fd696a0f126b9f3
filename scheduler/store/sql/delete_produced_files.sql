-- Deletes the files that jobs produced, but those that a reference or a live job needs. $1 keys, a JSON
-- array. 0 rows: always.
DELETE FROM file f
USING (SELECT j.project, o.value ->> 'file_id' AS id
       FROM jsonb_array_elements_text($1::jsonb) AS t (value)
       JOIN job j ON j.key = t.value::bigint
       JOIN job_result r ON r.job_key = j.key
       CROSS JOIN LATERAL jsonb_array_elements(r.outputs) AS o (value)) made
WHERE f.project = made.project AND f.id = made.id
  AND NOT EXISTS (SELECT FROM reference r WHERE r.project = made.project AND r.file_id = made.id)
  AND NOT EXISTS (SELECT FROM job_need n JOIN job j ON j.key = n.job_key
                  WHERE n.project = made.project AND n.kind = 1 AND n.resource_id = made.id
                    AND j.state NOT IN (7, 8, 9, 10))
