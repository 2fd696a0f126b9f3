-- Records a reference to a file that exists. $1 project, $2 id, $3 request id, $4 stage, $5 file id,
-- $6 key columns as a JSON array, $7 display name, $8 the principal, $9 the time.
-- 0 rows: the id or the request id exists, or the file does not.
INSERT INTO reference (project, id, request_id, stage, file_id, key_columns, display_name,
                       created_by, create_time)
SELECT $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9::timestamptz
WHERE EXISTS (SELECT FROM file WHERE project = $1 AND id = $5)
ON CONFLICT DO NOTHING
RETURNING id
