-- Returns the file of an earlier request. $1 project, $2 request id. 0 rows: none.
SELECT project, id, coalesce(request_id, '') AS request_id, display_name, uri, size_bytes, sha256,
       produced_by, created_by, unix_us(create_time) AS create_time
FROM file
WHERE project = $1 AND request_id = $2
