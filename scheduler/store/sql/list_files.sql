-- Returns files, newest first. $1 project, $2 the id to come after ('' or gone: from the newest), $3 how
-- many at most. 0 rows: no more.
SELECT project, id, coalesce(request_id, '') AS request_id, display_name, uri, size_bytes, sha256,
       produced_by, created_by, unix_us(create_time) AS create_time
FROM file
WHERE project = $1
  AND age < coalesce((SELECT b.age FROM file b WHERE b.project = $1 AND b.id = $2),
                     9223372036854775807)
ORDER BY age DESC
LIMIT $3
