-- Returns jobs by key, in any order. $1 a JSON array of keys. 0 rows: none exists.
SELECT * FROM job_record
WHERE key = ANY (ARRAY(SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb) AS t (value)))
