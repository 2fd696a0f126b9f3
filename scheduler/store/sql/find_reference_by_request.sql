-- Returns the reference of an earlier request. $1 project, $2 request id. 0 rows: none.
SELECT project, id, request_id, stage, file_id, key_columns, display_name, created_by,
       unix_us(create_time) AS create_time
FROM reference
WHERE project = $1 AND request_id = $2
