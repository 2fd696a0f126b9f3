-- Returns a file. $1 project, $2 id. 0 rows: no such file.
SELECT project, id, coalesce(request_id, '') AS request_id, display_name, uri, size_bytes, sha256,
       produced_by, created_by, unix_us(create_time) AS create_time
FROM file
WHERE project = $1 AND id = $2
