-- Deletes the rows of jobs. $1 keys, a JSON array. Returns their keys. 0 rows: none was there.
DELETE FROM job j
USING jsonb_array_elements_text($1::jsonb) AS t (value)
WHERE j.key = t.value::bigint
RETURNING j.key
