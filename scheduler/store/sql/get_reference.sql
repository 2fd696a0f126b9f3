-- Returns a reference. $1 project, $2 id. 0 rows: no such reference.
SELECT project, id, request_id, stage, file_id, key_columns, display_name, created_by,
       unix_us(create_time) AS create_time
FROM reference
WHERE project = $1 AND id = $2
